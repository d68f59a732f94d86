"""What OpenAPI says of bodies that are read piece by piece, with examples of drawn people."""

from typing import Any

from api.errors import ErrorBody

_TEXT = {"type": "string"}
_PHOTO = {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, TIFF, BMP or HEIC"}
_SEARCH: dict[str, dict[str, Any]] = {
    "top": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "how many candidates at most"},
    "fpir": {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "description": "list only candidates of at most this false-alarm probability; absent: the best are listed",
        "example": 0.01,
    },
    "gallery": {**_TEXT, "description": "search in this gallery only; absent: in all", "example": "main"},
    "nationality": {**_TEXT, "description": "alpha-3 codes of which one must be recorded", "example": "CHN,VNM"},
    "sex": {**_TEXT, "description": "M, F or X as documented; several with commas", "example": "F"},
    "born_from": {"type": "integer", "description": "earliest year of birth", "example": 1975},
    "born_to": {"type": "integer", "description": "latest year of birth", "example": 1995},
    "anyway": {"type": "boolean", "default": False, "description": "search with a photo of whatever quality"},
}
_PERSON: dict[str, dict[str, Any]] = {
    "person_id": {**_TEXT, "maxLength": 128, "example": "drawn-000017"},
    "gallery": {**_TEXT, "maxLength": 64, "default": "main"},
    "name": {**_TEXT, "maxLength": 200, "example": "Lan Ruoming"},
    "native_name": {**_TEXT, "maxLength": 200, "example": "岚若明"},
    "date_of_birth": {**_TEXT, "description": "1980, 1980-05 or 1980-05-17", "example": "1980-05-17"},
    "sex": {**_TEXT, "enum": ["", "M", "F", "X"]},
    "nationality": {**_TEXT, "description": "ISO 3166-1 or ICAO 9303", "example": "CHN"},
    "national_id": {**_TEXT, "description": "for CHN, 18 characters whose check character is verified"},
    "household_registration": {**_TEXT, "maxLength": 200},
    "source": {**_TEXT, "maxLength": 200, "example": "drawn"},
    "taken_on": {
        "type": "array",
        "items": {**_TEXT, "example": "2019-05-17"},
        "maxItems": 16,
        "description": "when the photos were taken: once for each photo, in their order, empty where not known",
    },
    "update": {"type": "boolean", "default": False, "description": "change recorded fields that differ"},
    "anyway": {"type": "boolean", "default": False, "description": "take photos of whatever quality"},
    "photo": {"type": "array", "items": _PHOTO, "minItems": 1, "maxItems": 16},
}
PROBE: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["photo"], "properties": {"photo": _PHOTO, **_SEARCH}}
        },
        "image/*": {"schema": {"type": "string", "format": "binary"}},
    },
}
PERSON: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["person_id", "photo"], "properties": _PERSON},
            "encoding": {"photo": {"contentType": "image/*"}},
        }
    },
}
TWO_PHOTOS: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["photo"],
                "properties": {"photo": {"type": "array", "items": _PHOTO, "minItems": 2, "maxItems": 2}},
            },
            "encoding": {"photo": {"contentType": "image/*"}},
        }
    },
}
CASE_PHOTO: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["photo"],
                "properties": {
                    "photo": _PHOTO,
                    "taken_on": {**_TEXT, "description": "ISO date", "example": "2026-02-02"},
                },
            }
        },
        "image/*": {"schema": {"type": "string", "format": "binary"}},
    },
}
SEARCH_PARAMETERS = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": schema["description"] + "; in the form or in the query",
        "schema": {key: value for key, value in schema.items() if key != "description"},
    }
    for name, schema in _SEARCH.items()
]
_DIGEST = "9f2c6a1e0b7d4c835e61f0a2b9d8c7e6f5a4938271605f4e3d2c1b0a99887766"
_FIELDS = {
    "person_id": "drawn-000017",
    "gallery": "main",
    "name": "Lan Ruoming",
    "native_name": "岚若明",
    "date_of_birth": "1980-05-17",
    "sex": "F",
    "nationality": "CHN",
    "national_id": "",
    "household_registration": "画省绘山市荷塘区",
    "source": "drawn",
}
RECORD = {
    "person": _FIELDS,
    "photos": [
        {
            "sha256": _DIGEST,
            "format": "JPEG",
            "width": 480,
            "height": 600,
            "added_at": 1717200000,
            "has_content": True,
            "engines": ["dlib-resnet@2"],
            "taken_on": "2019-05-17",
        }
    ],
    "added_at": 1717200000,
    "changed_at": 1717200000,
}
ENROLLED = {
    **RECORD,
    "outcome": "new",
    "refused": [{"photo": "2.jpg", "code": "no_face", "reason": "no face ..."}],
    "unlike": [],
    "poor": [],
}
_ANSWER = {
    "photo": "probe.jpg",
    "outcome": "candidates",
    "code": "",
    "reason": "",
    "notes": [],
    "sha256": "4b" * 32,
    "width": 480,
    "height": 600,
    "box": {"left": 121.4, "top": 148.9, "right": 352.0, "bottom": 379.5},
    "landmarks": [[304.1, 243.2]],
    "turn": 0,
    "others": [],
    "quality": {
        "overall": 48.3,
        "verdict": "poor",
        "reasons": [
            {
                "code": "sharpness",
                "text": "the face is blurred",
                "advice": "hold the camera still, focus on the eyes and photograph again, or scan the original",
            }
        ],
        "components": {"sharpness": {"value": 0.049, "unit": "share of contrast", "score": 43.1}},
    },
    "searched_anyway": "",
    "candidates": [
        {
            "rank": 1,
            "person_id": "drawn-000017",
            "gallery": "main",
            "score": 5.31,
            "distance": 0.288,
            "best_photo": _DIGEST,
            "photos": 1,
            "false_alarm_probability": 2.5e-05,
            "false_alarm_reach": "modelled",
            "log10_likelihood_ratio": 7.5,
            "likelihood_bound": "as is",
            "confidence": 0.9999,
            "meaning": "about 1 in 40,000 searches of people who are not in this gallery would show a candidate this "
            "strong",
            "person": _FIELDS,
        }
    ],
    "engine": "dlib-resnet@2",
    "gallery": {"name": None, "people": 1000, "templates": 1000, "version": 1000},
    "scoring": {
        "name": "normalised-1",
        "calibrated": True,
        "note": "Likeness measured against how alike strangers are ...",
        "mode": "investigation",
        "people": 1000,
        "basis": "own gallery",
        "calibration": "Calibrated for dlib-resnet@2 on 4,581 people ...",
        "fpir": None,
        "threshold": None,
        "prior": 0.5,
        "nobody": 0.0001,
        "elsewhere": 0.0,
    },
    "timings_ms": {"decode": 1.1, "detect": 4.2, "embed": 6.3, "search": 0.4},
}
_NO_FACE = {**_ANSWER, "outcome": "no_face", "box": None, "landmarks": [], "quality": None, "candidates": []}
IDENTIFICATIONS = {
    "candidates": {"summary": "ranked candidates", "value": _ANSWER},
    "no_face": {"summary": "no face in the photo", "value": _NO_FACE},
}
_ERRORS = {
    400: "the body can't be read",
    401: "nobody is signed in, or the token is not valid any more",
    403: "a right is missing, or it comes from another site's page",
    404: "no such person, photo or gallery",
    408: "the body took too long",
    409: "it contradicts what is recorded, or the engine in use",
    413: "larger than the limits",
    415: "a body of another kind",
    422: "a field is not valid; `field` names it",
    429: "too many requests of one account or address; `Retry-After` says when to come again",
    503: "records, index or engine can't be used now; `message` says why and what to do",
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The error answers of a route, all of one shape."""
    return {status: {"model": ErrorBody, "description": _ERRORS[status]} for status in (*statuses, 403)}


ALWAYS = errors(400, 401, 408, 413, 429, 503)
"""What any route may answer before it is reached."""
