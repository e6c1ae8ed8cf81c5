"""What auth is asked."""

from typing import Final

from shared.contracts import auth, employees, subjects
from shared.contracts.auth import Permission
from shared.contracts.catalog.parts import Question

LOGIN: Final = Question(
    subjects.rpc("auth", "login"),
    auth.Login,
    auth.Session,
    "Exchange e-mail and password for a session.",
    "auth",
    ("gateway",),
    Permission.PUBLIC,
)
REFRESH: Final = Question(
    subjects.rpc("auth", "refresh"),
    auth.Refresh,
    auth.Session,
    "Exchange a refresh token for a new pair of tokens.",
    "auth",
    ("gateway",),
    Permission.PUBLIC,
)
LOGOUT: Final = Question(
    subjects.rpc("auth", "logout"),
    auth.Logout,
    auth.LoggedOut,
    "End the caller's session.",
    "auth",
    ("gateway",),
    Permission.SESSION,
)
REGISTER_USER: Final = Question(
    subjects.rpc("auth", "register"),
    auth.RegisterUser,
    auth.User,
    "Create a user of the caller's owner.",
    "auth",
    ("gateway",),
    Permission.USERS_WRITE,
)
LOGIN_EMPLOYEE: Final = Question(
    subjects.rpc("auth", "employee_login"),
    employees.EmployeeLogin,
    employees.EmployeeSession,
    "Exchange an employee's username and password for a token.",
    "auth",
    ("gateway",),
    Permission.PUBLIC,
)
GET_SELF: Final = Question(
    subjects.rpc("auth", "self"),
    employees.GetSelf,
    employees.Employee,
    "The employee who asks, as they are now.",
    "auth",
    ("gateway",),
    Permission.PUNCHES_OWN,
)
LIST_EMPLOYEES: Final = Question(
    subjects.rpc("auth", "employees"),
    employees.ListEmployees,
    employees.EmployeeList,
    "The caller's owner's employees.",
    "auth",
    ("gateway",),
    Permission.EMPLOYEES_READ,
)
ADD_EMPLOYEE: Final = Question(
    subjects.rpc("auth", "employee_add"),
    employees.AddEmployee,
    employees.Employee,
    "Take an employee in.",
    "auth",
    ("gateway",),
    Permission.EMPLOYEES_WRITE,
)
CHANGE_EMPLOYEE: Final = Question(
    subjects.rpc("auth", "employee_change"),
    employees.ChangeEmployee,
    employees.Employee,
    "Change an employee.",
    "auth",
    ("gateway",),
    Permission.EMPLOYEES_WRITE,
)
REMOVE_EMPLOYEE: Final = Question(
    subjects.rpc("auth", "employee_remove"),
    employees.RemoveEmployee,
    employees.Employee,
    "Let an employee go; their punches stay.",
    "auth",
    ("gateway",),
    Permission.EMPLOYEES_WRITE,
)

QUESTIONS: Final = (
    LOGIN,
    REFRESH,
    LOGOUT,
    REGISTER_USER,
    LOGIN_EMPLOYEE,
    GET_SELF,
    LIST_EMPLOYEES,
    ADD_EMPLOYEE,
    CHANGE_EMPLOYEE,
    REMOVE_EMPLOYEE,
)
