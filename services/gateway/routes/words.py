"""What people read when all went well; ``document`` is the documents' own text for it."""

from typing import Final

from services.gateway.routes.languages import Said, english

# ── sessions ─────────────────────────────────────────────────────────────────

LOGGED_IN: Final = english("Login successful", "Login berhasil", "تم تسجيل الدخول بنجاح")
LOGGED_OUT: Final = english("Logout successful", "Logout berhasil", "تم تسجيل الخروج بنجاح")
REFRESHED: Final = english("Token refreshed", "Token diperbarui", "تم تجديد الرمز")
REGISTERED: Final = Said(
    "User berhasil didaftarkan",
    "User registered successfully",
    "User berhasil didaftarkan",
    "تم تسجيل المستخدم بنجاح",
)

# ── phones ───────────────────────────────────────────────────────────────────

PUNCHED: Final = Said(
    "تم تسجيل بصمة الموبايل بنجاح",
    "Mobile punch recorded successfully",
    "Absensi ponsel berhasil dicatat",
    "تم تسجيل بصمة الموبايل بنجاح",
)
RETRY_FINISHED: Final = english("Retry finished", "Percobaan ulang selesai", "انتهت إعادة المحاولة")

# ── devices ──────────────────────────────────────────────────────────────────

DEVICE_REGISTERED: Final = english(
    "Device registered successfully", "Perangkat berhasil didaftarkan", "تم تسجيل الجهاز بنجاح"
)
DEVICES: Final = english("Devices retrieved", "Daftar perangkat", "تم جلب الأجهزة")
DEVICE: Final = english("Device retrieved", "Data perangkat", "تم جلب الجهاز")
DEVICE_CHANGED: Final = english("Device updated", "Perangkat diperbarui", "تم تحديث الجهاز")
DEVICE_REMOVED: Final = english("Device removed", "Perangkat dihapus", "تم حذف الجهاز")
PENDING: Final = english(
    "Terminals waiting for approval", "Terminal menunggu persetujuan", "أجهزة بانتظار الموافقة"
)
APPROVED: Final = english("Terminal approved", "Terminal disetujui", "تمت الموافقة على الجهاز")
PATH_MADE: Final = english("Path created", "Path dibuat", "تم إنشاء المسار")
EVENTS: Final = english("Events retrieved", "Daftar kejadian", "تم جلب الأحداث")
ALARMS: Final = english("Alarms retrieved", "Daftar alarm", "تم جلب التنبيهات")
INFO: Final = english(
    "Device information retrieved", "Informasi perangkat", "تم جلب معلومات الجهاز"
)
RESTARTED: Final = english("Device restarting", "Perangkat dimulai ulang", "جارٍ إعادة تشغيل الجهاز")
POWERED_OFF: Final = english("Device switched off", "Perangkat dimatikan", "تم إيقاف تشغيل الجهاز")
TIME_SET: Final = english(
    "Device time synchronised", "Waktu perangkat disinkronkan", "تمت مزامنة وقت الجهاز"
)
ANSWERS: Final = english("Device answers", "Perangkat menjawab", "الجهاز يستجيب")
OPTION: Final = english("Option retrieved", "Data opsi", "تم جلب الخيار")
OPTION_SET: Final = english("Option updated", "Opsi diperbarui", "تم تحديث الخيار")
UNLOCKED: Final = english(
    "Door unlocked successfully", "Pintu berhasil dibuka", "تم فتح الباب بنجاح"
)

# ── people ───────────────────────────────────────────────────────────────────

USERS: Final = english("Users retrieved", "Daftar pengguna", "تم جلب المستخدمين")
USER_ADDED: Final = english(
    "User added to device", "Pengguna ditambahkan ke perangkat", "تمت إضافة المستخدم إلى الجهاز"
)
USER_CHANGED: Final = english("User updated", "Pengguna diperbarui", "تم تحديث المستخدم")
USER_REMOVED: Final = english(
    "User removed from device", "Pengguna dihapus dari perangkat", "تم حذف المستخدم من الجهاز"
)
USERS_SYNCED: Final = english("Users synced", "Pengguna disinkronkan", "تمت مزامنة المستخدمين")
TEMPLATES: Final = english("Templates retrieved", "Daftar templat", "تم جلب القوالب")
TEMPLATES_READ: Final = english(
    "Templates read from device", "Templat dibaca dari perangkat", "تمت قراءة القوالب من الجهاز"
)
TEMPLATES_WRITTEN: Final = english(
    "Templates written to device", "Templat ditulis ke perangkat", "تمت كتابة القوالب إلى الجهاز"
)

# ── attendance and jobs ──────────────────────────────────────────────────────

ATTENDANCE: Final = english("Attendance records retrieved", "Data absensi", "تم جلب سجلات الحضور")
SUMMARY: Final = english("Attendance summary retrieved", "Ringkasan absensi", "تم جلب ملخص الحضور")
LOG_CLEARED: Final = english(
    "Attendance log of the device cleared",
    "Log absensi perangkat dikosongkan",
    "تم مسح سجل الحضور من الجهاز",
)
SYNC_QUEUED: Final = english(
    "Sync job queued successfully",
    "Pekerjaan sinkronisasi berhasil diantrekan",
    "تمت إضافة مهمة المزامنة إلى قائمة الانتظار",
)
JOB_QUEUED: Final = english(
    "Job queued successfully",
    "Pekerjaan berhasil diantrekan",
    "تمت إضافة المهمة إلى قائمة الانتظار",
)
JOB: Final = english("Job retrieved", "Data pekerjaan", "تم جلب المهمة")
JOB_CANCELED: Final = english("Job canceled", "Pekerjaan dibatalkan", "تم إلغاء المهمة")
CACHE_CLEARED: Final = english("Cache cleared", "Cache dikosongkan", "تم مسح ذاكرة التخزين المؤقت")
