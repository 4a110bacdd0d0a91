"""What can be wrong with files, as answers."""

from core.problems import Problem


class FileTooLarge(Problem):
    status = 413
    code = "file_too_large"
    title = "The file is larger than this service accepts."


class UploadInterrupted(Problem):
    status = 400
    code = "upload_interrupted"
    title = "The upload ended before the file was whole."


class NameTaken(Problem):
    status = 409
    code = "name_taken"
    title = "Its owner has another file with this name."


class RangeNotSatisfiable(Problem):
    status = 416
    code = "range_not_satisfiable"
    title = "The file has no such bytes."
