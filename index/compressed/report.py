"""What the compressed index says of itself."""

from index.base import Stats
from index.compressed.manifest import Precision
from index.compressed.store import Store
from index.compressed.tuning import depth_for, stated_recall
from index.compressed.view import View


def report(store: Store, view: View, *, trouble: str) -> Stats:
    """The figures of one moment. recall is that of the worst segment."""
    coded = [segment for segment in view.segments if segment.codes is not None]
    tunings = [segment.described.tuning for segment in coded]
    rounded = any(segment.described.precision is not Precision.FLOAT32 for segment in view.segments)
    recalls = [stated_recall(segment.described.tuning, view.recall_target) for segment in view.segments]
    target = view.recall_target
    return Stats(
        kind="compressed",
        entries=len(view),
        exact=not coded and not rounded,
        recall=min(recalls, default=1.0),
        recall_target=target,
        disk_bytes=store.disk_bytes(),
        details={
            "segments": len(view.segments),
            "coded_segments": len(coded),
            "coded_entries": sum(len(segment) for segment in coded),
            "tail_entries": len(view.tail),
            "removed_entries": sum(len(dead) for dead in view.dead),
            "code_bytes": max((segment.codes.bytes_each for segment in coded if segment.codes), default=0),
            "codes_mapped": int(all(segment.codes.is_mapped for segment in coded if segment.codes)),
            "refined_entries": max((depth_for(tuning, 20, target) or 0 for tuning in tunings), default=0),
            "precision": "+".join(sorted({segment.described.precision.value for segment in view.segments}))
            or "float32",
            "last_compaction_error": trouble,
        },
    )
