"""What can be wrong with staff, as answers."""

from core.problems import Problem


class StaffExists(Problem):
    status = 409
    code = "staff_exists"
    title = "A member of staff has this e-mail address."
