"""Problems of staff users."""

from core.problems import Problem


class StaffFactorMissing(Problem):
    status = 403
    code = "staff_second_factor_missing"
    title = "Staff need a second factor. Add one in the admin first."


class StaffExists(Problem):
    status = 409
    code = "staff_exists"
    title = "A member of staff has this e-mail address."
