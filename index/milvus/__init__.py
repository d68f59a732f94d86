"""The distributed backend: entries in a Milvus cluster, or in milvus-lite for trials, behind the same protocol."""
