"""What failures are called, in the language people asked for."""

from typing import Final

from services.gateway.routes.languages import Language, Said, english
from shared.contracts.errors import CATALOGUE, Code, Problem
from shared.kit.errors import MusterError


def message_of(code: Code, language: Language | None) -> str:
    """Return what a code is called."""
    indonesian, arabic = _CODES[code]
    return english(CATALOGUE[code].message, indonesian, arabic).to(language)


def details_of(problem: Problem, language: Language | None) -> str:
    """Return what is particular to a problem; only the documents' own sentence is translated."""
    if problem.code is Code.INVALID_CREDENTIALS:
        return _WRONG_CREDENTIALS.to(language)
    return problem.details


def type_of(code: Code) -> str:
    """Return the word for an error's kind: ``NOT_FOUND`` is a ``NotFoundError``."""
    name = "".join(part.capitalize() for part in code.split("_"))
    return name if name.endswith("Error") else f"{name}Error"


# ── as /api says it ──────────────────────────────────────────────────────────

_WORDS: Final = {
    Code.DEVICE_OFFLINE: "device_offline_or_not_registered",
    Code.UNRECEIPTED_RECORDS: "unsynced_logs",
    Code.OUTCOME_UNKNOWN: "connection_lost_outcome_unknown",
    Code.NOT_SUPPORTED: "unsupported_by_firmware",
}
_AWAY: Final = {Code.DEVICE_OFFLINE, Code.DEVICE_UNREACHABLE, Code.NO_AGENT}
_STATUSES: Final = {
    # The document knows no 502.
    Code.DEVICE_ERROR: 409,
    Code.DEVICE_NO_DATA: 409,
    Code.PULL_INCOMPLETE: 503,
    Code.UNKNOWN_FORM: 503,
}


def word_of(code: Code) -> str:
    """Return what ``error`` says of a code."""
    return _WORDS.get(code, code.lower())


def as_timmy(problem: Problem) -> Problem:
    """Return a problem as /api tells it.

    Whyever a device is away, all is the same but for the language, so that nobody learns from it
    which serial numbers there are.
    """
    if problem.code in _AWAY:
        return MusterError(Code.DEVICE_OFFLINE).problem
    status = _STATUSES.get(problem.code, problem.status)
    return problem.model_copy(update={"status": status})


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
    Code.ENROLL_ID_TAKEN: ("Enroll ID sudah dipakai", "رقم البصمة مستخدم مسبقًا"),
    Code.APP_LOGIN_DISABLED: ("Login aplikasi dinonaktifkan", "تم تعطيل الدخول إلى التطبيق"),
    Code.KEY_REUSED: ("Idempotency key dipakai ulang", "تم استخدام مفتاح التكرار مسبقًا"),
    Code.IN_PROGRESS: ("Permintaan sedang diproses", "الطلب قيد التنفيذ"),
    Code.TOO_LARGE: ("Permintaan terlalu besar", "الطلب كبير جدًا"),
    Code.TOO_MANY_REQUESTS: ("Terlalu banyak permintaan", "طلبات كثيرة جدًا"),
    Code.DEVICE_UNREACHABLE: ("Perangkat tidak dapat dijangkau", "تعذر الوصول إلى الجهاز"),
    Code.DEVICE_OFFLINE: (
        "Perangkat offline atau tidak terdaftar",
        "الجهاز غير متصل أو غير مسجل",
    ),
    Code.HARDWARE_CHANGED: (
        "Terminal lain dengan nomor seri ini",
        "جهاز آخر بهذا الرقم التسلسلي",
    ),
    Code.SERIAL_CLONED: (
        "Dua terminal dengan satu nomor seri",
        "جهازان برقم تسلسلي واحد",
    ),
    Code.DEVICE_WRONG_KEY: ("Perangkat menolak comm key", "رفض الجهاز مفتاح الاتصال"),
    Code.DEVICE_REFUSED: ("Perangkat menolak koneksi", "رفض الجهاز الاتصال"),
    Code.DEVICE_WRONG_PROTOCOL: (
        "Bukan terminal ZKTeco di port ini",
        "لا يوجد جهاز ZKTeco على هذا المنفذ",
    ),
    Code.DEVICE_NO_ANSWER: ("Perangkat tidak menjawab", "الجهاز لا يستجيب"),
    Code.DEVICE_ERROR: ("Perangkat melaporkan kesalahan", "أبلغ الجهاز عن خطأ"),
    Code.DEVICE_BUSY: ("Perangkat sedang sibuk", "الجهاز مشغول"),
    Code.DEVICE_NO_DATA: ("Perangkat tidak memberikan tabel ini", "لا يعطي الجهاز هذا الجدول"),
    Code.DEVICE_FULL: ("Perangkat penuh", "الجهاز ممتلئ"),
    Code.DRIVER_MISSING: ("Driver tidak terpasang", "برنامج التشغيل غير مثبت"),
    Code.NOT_SUPPORTED: ("Tidak didukung perangkat ini", "غير مدعوم من هذا الجهاز"),
    Code.PULL_INCOMPLETE: ("Log perangkat tidak lengkap", "سجل الجهاز غير مكتمل"),
    Code.UNKNOWN_FORM: ("Bentuk data tidak dikenal", "سجلات بصيغة غير معروفة"),
    Code.USER_TAKEN: ("ID pengguna sudah ada di perangkat", "رقم المستخدم موجود على الجهاز"),
    Code.INCOMPATIBLE: ("Perangkat tidak kompatibel", "أجهزة غير متوافقة"),
    Code.ENROLMENT_FAILED: ("Pendaftaran sidik jari gagal", "فشل تسجيل البصمة"),
    Code.UNRECEIPTED_RECORDS: ("Ada data tanpa tanda terima", "توجد سجلات بلا إيصال"),
    Code.LOG_NOT_QUIET: (
        "Log berubah selama pemeriksaan",
        "تغير السجل أثناء التحقق منه",
    ),
    Code.NO_AGENT: ("Tidak ada agen untuk lokasi ini", "لا يوجد وكيل لهذا الموقع"),
    Code.UNLOCK_EXPIRED: ("Pintu tidak dibuka tepat waktu", "لم يُفتح الباب في الوقت المحدد"),
    Code.UNLOCK_UNKNOWN: ("Hasil pembukaan pintu tidak diketahui", "نتيجة فتح الباب غير معروفة"),
    Code.OUTCOME_UNKNOWN: ("Hasil tidak diketahui", "النتيجة غير معروفة"),
    Code.OPERATION_CANCELED: ("Operasi dibatalkan", "أُلغيت العملية"),
    Code.OPERATION_EXPIRED: ("Operasi kedaluwarsa", "انتهت صلاحية العملية"),
    Code.SERVICE_UNAVAILABLE: ("Layanan tidak tersedia", "الخدمة غير متاحة"),
    Code.TIMEOUT: ("Waktu habis", "انتهت المهلة"),
    Code.INTERNAL_ERROR: ("Kesalahan internal", "خطأ داخلي"),
}
