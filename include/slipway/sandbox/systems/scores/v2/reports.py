"""The report of an assessment: a PDF of one page, kept until the assessment changes or the cache is cleared."""

import base64

import assessments
import manual_scores
import scoring
from database import row
from web import Raw


def report(app, request):
    assessment = assessments.one(request)
    kept = row("SELECT body FROM report_cache WHERE assessment_id = %s", [assessment["id"]])
    body = base64.b64decode(kept["body"]) if kept else pdf(lines(assessment, request.user))
    if not kept:
        row(
            "INSERT INTO report_cache (assessment_id, body) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [assessment["id"], base64.b64encode(body).decode()],
        )
    return Raw(body, "application/pdf")


def lines(assessment, user):
    manual = manual_scores.of(user, [assessment["id"]]).get(assessment["id"], {})
    given = {**scoring.scores(assessment), **manual}
    return [
        f"Assessment of {assessment['client']}",
        *(f"{test}: {points} of 5{', manual' if test in manual else ''}" for test, points in given.items()),
        f"Score: {scoring.total(given)} of 100",
    ]


def pdf(texts):
    """A PDF of one page with these lines."""
    written = " T* ".join(f"({_escaped(text)}) Tj" for text in texts)
    stream = f"BT /F1 12 Tf 16 TL 72 760 Td {written} ET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 5\n%strailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return content + end % (table, len(content))


def _escaped(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
