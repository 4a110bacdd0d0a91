"""Problem documents and the responses that hold one.

Without Django REST framework, whose settings import core/http/negotiation.py.
"""

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse

from core.problems import Problem
from core.request_context import request_context
from core.text.translation import translated


class ProblemResponse(HttpResponse):
    """A response in ``application/problem+json``, with the problem that it shows."""

    def __init__(self, problem: Problem, document: dict[str, Any], headers: dict[str, str]) -> None:
        super().__init__(
            json.dumps(document),
            status=problem.status,
            content_type="application/problem+json",
            headers=headers,
        )
        self.problem = problem


def problem_document(problem: Problem) -> dict[str, Any]:
    """Return the members of a problem, with its texts in the active language."""
    request_id = request_context().request_id
    return problem.body(request_id, settings.PROBLEM_TYPE_BASE, translate=translated)
