"""Enhanced models: typed status and priority with an index, beside the free text that stays as it is."""

from alembic import op

revision = "003"
down_revision = "002"

MODELS = ("tasks", "goals", "events", "habits", "notes")


def upgrade():
    op.execute("CREATE TYPE planner_status AS ENUM ('open', 'doing', 'done', 'dropped')")
    op.execute("CREATE TYPE planner_priority AS ENUM ('low', 'normal', 'high', 'urgent')")
    for model in MODELS:
        enhance(model)
    op.execute(
        "INSERT INTO feature_flags (name) VALUES ('enhanced_models'), ('logging_hooks'), ('undo_stack'),"
        " ('conflict_resolution'), ('semantic_memory'), ('langgraph_tools')"
    )


def enhance(model):
    # Generated: version 1 still writes the free text while it runs on this schema.
    op.execute(
        f"ALTER TABLE {model}"
        " ADD COLUMN status_kind planner_status NOT NULL GENERATED ALWAYS AS (CASE lower(trim(status))"
        " WHEN 'doing' THEN 'doing'::planner_status WHEN 'in progress' THEN 'doing'::planner_status"
        " WHEN 'done' THEN 'done'::planner_status WHEN 'dropped' THEN 'dropped'::planner_status"
        " ELSE 'open'::planner_status END) STORED,"
        " ADD COLUMN priority_level planner_priority NOT NULL GENERATED ALWAYS AS (CASE"
        " WHEN priority ~* 'urgent' THEN 'urgent'::planner_priority"
        " WHEN priority ~* 'high' THEN 'high'::planner_priority"
        " WHEN priority ~* 'low' THEN 'low'::planner_priority"
        " ELSE 'normal'::planner_priority END) STORED"
    )
    op.execute(f"CREATE INDEX {model}_user_status_kind ON {model} (user_id, status_kind, priority_level)")


def downgrade():
    op.execute("DELETE FROM feature_flags WHERE name <> 'weekly_digest'")
    for model in reversed(MODELS):
        op.execute(f"ALTER TABLE {model} DROP COLUMN status_kind, DROP COLUMN priority_level")
    op.execute("DROP TYPE planner_priority")
    op.execute("DROP TYPE planner_status")
