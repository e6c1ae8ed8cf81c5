"""What people read, in the language they asked for; codes are English everywhere."""

from typing import Final, Literal, NamedTuple

from shared.contracts.errors import CATALOGUE, Code, Problem

Language = Literal["en", "id", "ar"]
_KNOWN: Final[dict[str, Language]] = {"en": "en", "id": "id", "in": "id", "ar": "ar"}
"""Browsers still say ``in``, the old tag of Indonesian."""


class Said(NamedTuple):
    """One message; ``document`` is what the document itself says, whatever language that is."""

    document: str
    en: str
    id: str
    ar: str

    def to(self, language: Language | None) -> str:
        """Return the message for a language; the document's own for nobody's in particular."""
        match language:
            case "en":
                return self.en
            case "id":
                return self.id
            case "ar":
                return self.ar
            case None:
                return self.document


def _english(en: str, id: str, ar: str) -> Said:  # noqa: A002 - the language's own name
    return Said(en, en, id, ar)


def language_of(header: str) -> Language | None:
    """Return the language that an Accept-Language header likes best; None when it does not say."""
    liked: list[tuple[float, Language]] = []
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = _KNOWN.get(tag.strip().lower().partition("-")[0])
        quality = _quality(parameter)
        if language and quality > 0:
            liked.append((quality, language))
    return max(liked, key=lambda each: each[0])[1] if liked else None


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def message_of(code: Code, language: Language | None) -> str:
    """Return what a code is called."""
    indonesian, arabic = _CODES[code]
    english = CATALOGUE[code].message
    return _english(english, indonesian, arabic).to(language)


def details_of(problem: Problem, language: Language | None) -> str:
    """Return what is particular to a problem; only the documents' own sentence is translated."""
    if problem.code is Code.INVALID_CREDENTIALS:
        return _WRONG_CREDENTIALS.to(language)
    return problem.details


LOGGED_IN: Final = _english("Login successful", "Login berhasil", "تم تسجيل الدخول بنجاح")
LOGGED_OUT: Final = _english("Logout successful", "Logout berhasil", "تم تسجيل الخروج بنجاح")
REFRESHED: Final = _english("Token refreshed", "Token diperbarui", "تم تجديد الرمز")
REGISTERED: Final = Said(
    "User berhasil didaftarkan",
    "User registered successfully",
    "User berhasil didaftarkan",
    "تم تسجيل المستخدم بنجاح",
)
DEVICE_REGISTERED: Final = _english(
    "Device registered successfully", "Perangkat berhasil didaftarkan", "تم تسجيل الجهاز بنجاح"
)
DEVICES: Final = _english("Devices retrieved", "Daftar perangkat", "تم جلب الأجهزة")
DEVICE: Final = _english("Device retrieved", "Data perangkat", "تم جلب الجهاز")
SYNC_QUEUED: Final = _english(
    "Sync job queued successfully",
    "Pekerjaan sinkronisasi berhasil diantrekan",
    "تمت إضافة مهمة المزامنة إلى قائمة الانتظار",
)
JOB: Final = _english("Job retrieved", "Data pekerjaan", "تم جلب المهمة")
ATTENDANCE: Final = _english("Attendance records retrieved", "Data absensi", "تم جلب سجلات الحضور")
UNLOCKED: Final = _english(
    "Door unlocked successfully", "Pintu berhasil dibuka", "تم فتح الباب بنجاح"
)
CACHE_CLEARED: Final = _english("Cache cleared", "Cache dikosongkan", "تم مسح ذاكرة التخزين المؤقت")

_WRONG_CREDENTIALS: Final = Said(
    "Email atau password salah",
    "The e-mail or the password is wrong.",
    "Email atau password salah",
    "البريد الإلكتروني أو كلمة المرور غير صحيحة",
)
_CODES: Final[dict[Code, tuple[str, str]]] = {
    Code.VALIDATION_ERROR: ("Data tidak valid", "بيانات غير صالحة"),
    Code.INVALID_CREDENTIALS: ("Kredensial tidak valid", "بيانات الدخول غير صحيحة"),
    Code.UNAUTHORIZED: ("Tidak terautentikasi", "غير مصرح"),
    Code.FORBIDDEN: ("Akses ditolak", "الوصول مرفوض"),
    Code.NOT_FOUND: ("Tidak ditemukan", "غير موجود"),
    Code.METHOD_NOT_ALLOWED: ("Metode tidak diizinkan", "الطريقة غير مسموح بها"),
    Code.CONFLICT: ("Konflik", "تعارض"),
    Code.EMAIL_TAKEN: ("Email sudah terdaftar", "البريد الإلكتروني مسجل مسبقًا"),
    Code.USERNAME_TAKEN: ("Username sudah dipakai", "اسم المستخدم مستخدم مسبقًا"),
    Code.IP_TAKEN: ("IP sudah ada", "عنوان IP موجود مسبقًا"),
    Code.SERIAL_TAKEN: ("Nomor seri sudah ada", "الرقم التسلسلي موجود مسبقًا"),
    Code.KEY_REUSED: ("Idempotency key dipakai ulang", "تم استخدام مفتاح التكرار مسبقًا"),
    Code.IN_PROGRESS: ("Permintaan sedang diproses", "الطلب قيد التنفيذ"),
    Code.TOO_LARGE: ("Permintaan terlalu besar", "الطلب كبير جدًا"),
    Code.TOO_MANY_REQUESTS: ("Terlalu banyak permintaan", "طلبات كثيرة جدًا"),
    Code.DEVICE_UNREACHABLE: ("Perangkat tidak dapat dijangkau", "تعذر الوصول إلى الجهاز"),
    Code.DEVICE_WRONG_KEY: ("Perangkat menolak comm key", "رفض الجهاز مفتاح الاتصال"),
    Code.DEVICE_REFUSED: ("Perangkat menolak koneksi", "رفض الجهاز الاتصال"),
    Code.DEVICE_WRONG_PROTOCOL: (
        "Bukan terminal ZKTeco di port ini",
        "لا يوجد جهاز ZKTeco على هذا المنفذ",
    ),
    Code.DEVICE_NO_ANSWER: ("Perangkat tidak menjawab", "الجهاز لا يستجيب"),
    Code.DEVICE_ERROR: ("Perangkat melaporkan kesalahan", "أبلغ الجهاز عن خطأ"),
    Code.DEVICE_BUSY: ("Perangkat sedang sibuk", "الجهاز مشغول"),
    Code.PULL_INCOMPLETE: ("Log perangkat tidak lengkap", "سجل الجهاز غير مكتمل"),
    Code.NO_AGENT: ("Tidak ada agen untuk lokasi ini", "لا يوجد وكيل لهذا الموقع"),
    Code.UNLOCK_EXPIRED: ("Pintu tidak dibuka tepat waktu", "لم يُفتح الباب في الوقت المحدد"),
    Code.UNLOCK_UNKNOWN: ("Hasil pembukaan pintu tidak diketahui", "نتيجة فتح الباب غير معروفة"),
    Code.OPERATION_EXPIRED: ("Operasi kedaluwarsa", "انتهت صلاحية العملية"),
    Code.SERVICE_UNAVAILABLE: ("Layanan tidak tersedia", "الخدمة غير متاحة"),
    Code.TIMEOUT: ("Waktu habis", "انتهت المهلة"),
    Code.INTERNAL_ERROR: ("Kesalahan internal", "خطأ داخلي"),
}
