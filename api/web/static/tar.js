// A folder as one tar: headers of 512 bytes between the files themselves, which the browser reads only as it sends them.
const BLOCK = 512;
const LONGEST = 100;
const text = new TextEncoder();

export function tarOf(files) {
  const parts = [];
  for (const file of files) {
    // The chosen folder's own name goes before every path.
    const name = text.encode((file.webkitRelativePath || file.name).split("/").slice(1).join("/") || file.name);
    if (name.length > LONGEST) {
      // A longer name goes before its file, as GNU tar has it.
      const long = new Uint8Array(padded(name.length + 1));
      long.set(name);
      parts.push(header(text.encode("././@LongLink"), name.length + 1, "L"), long);
    }
    parts.push(header(name.slice(0, LONGEST), file.size, "0"), file, new Uint8Array(padded(file.size) - file.size));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts, { type: "application/x-tar" });
}

function padded(size) {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function header(name, size, kind) {
  const block = new Uint8Array(BLOCK);
  const put = (at, said) => block.set(typeof said === "string" ? text.encode(said) : said, at);
  put(0, name);
  put(100, "0000600\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${size.toString(8).padStart(11, "0")}\0`);
  put(136, "00000000000\0");
  put(148, "        ");
  put(156, kind);
  put(257, "ustar  \0");
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}
