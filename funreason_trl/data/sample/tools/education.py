"""Tools about education, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, enum, integer, string
from funreason_trl.data.sample.values import code, numbers, pick, whole


CONTEXT = ("I teach a small class.", "The term has just started.", "I'm helping a student.")
TOPICS = pick("fractions", "the Roman Empire", "photosynthesis", "magnetism", "the water cycle", "world capitals")

HELDOUT = (
    Tool(
        "quiz.generate",
        "education",
        "write a quiz on a topic",
        (
            string("topic", TOPICS),
            integer("questions", whole(5, 20)),
            enum("level", {"easy": "easy", "hard": "hard"}, default="medium"),
        ),
        asks=(
            "[Write a quiz] on {topic} with {questions} questions.",
            "[Make {questions} {level} questions] about {topic}.",
        ),
        missing=Missing("[Write a quiz] on {topic}.", "How many questions should it have?"),
        pairs=("[Write a quiz] with {questions} questions on {topic1} and one on {topic2}.",),
    ),
    Tool(
        "enrol_student",
        "education",
        "enrol a student in a course",
        (integer("student_number", whole(2000, 9999)), string("course_code", code("@@###"))),
        asks=(
            "[Enrol student {student_number}] in {course_code}.",
            "[Put student number {student_number} in course {course_code}].",
        ),
        missing=Missing("[Enrol student {student_number}].", "In which course?"),
        pairs=("[Enrol student {student_number}] in {course_code1} and in {course_code2}.",),
    ),
    Tool(
        "grade_average",
        "education",
        "average the grades of a pupil",
        (
            array("grades", "integer", numbers(1, 15, 3, 5)),
            boolean("drop_lowest", {"without the worst one": True}, default=False),
        ),
        asks=(
            "[Average the grades] {grades}.",
            "[What is the average grade] of {grades} {drop_lowest}?",
        ),
        missing=Missing("[What is my average grade] {drop_lowest}?", "What are your grades?"),
    ),
)
