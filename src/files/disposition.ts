import { percentEncode } from "./names.ts"

/**
 * A Content-Disposition with the name a file is saved under, whatever bytes it has: plain ASCII for old clients
 * (RFC 6266, appendix D), and UTF-8 (RFC 8187), in which bytes that are none are U+FFFD.
 */
export function disposition(kind: "attachment" | "inline", name: Buffer = Buffer.alloc(0)): string {
  const plain = name.toString("latin1").replace(/[^A-Za-z0-9 ._-]/g, "_")
  return `${kind}; filename="${plain}"; filename*=UTF-8''${percentEncode(Buffer.from(name.toString()))}`
}
