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
    op.execute(
        f"ALTER TABLE {model} ADD COLUMN status_kind planner_status NOT NULL DEFAULT 'open',"
        " ADD COLUMN priority_level planner_priority NOT NULL DEFAULT 'normal'"
    )
    op.execute(
        f"UPDATE {model} SET status_kind = CASE lower(trim(status))"
        " WHEN 'doing' THEN 'doing' WHEN 'in progress' THEN 'doing' WHEN 'done' THEN 'done'"
        " WHEN 'dropped' THEN 'dropped' ELSE 'open' END::planner_status,"
        " priority_level = CASE WHEN priority ~* 'urgent' THEN 'urgent' WHEN priority ~* 'high' THEN 'high'"
        " WHEN priority ~* 'low' THEN 'low' ELSE 'normal' END::planner_priority"
    )
    op.execute(f"CREATE INDEX {model}_user_status_kind ON {model} (user_id, status_kind, priority_level)")


def downgrade():
    op.execute("DELETE FROM feature_flags WHERE name <> 'weekly_digest'")
    for model in reversed(MODELS):
        op.execute(f"ALTER TABLE {model} DROP COLUMN status_kind, DROP COLUMN priority_level")
    op.execute("DROP TYPE planner_priority")
    op.execute("DROP TYPE planner_status")
