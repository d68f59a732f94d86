"""4-bit codes scanned exhaustively, then exact refinement: memory-mapped segments, a live tail, removals."""
