/** The longest binary value accepted, in bytes: RFC 7143 section 12.1.3 bounds CHAP_C and CHAP_R by 1024. */
const maxBytes = 1024

const hex = /^0[xX]((?:[0-9a-fA-F]{2})+)$/
const base64 = /^0[bB]((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/

/** Reads a large binary value in hexadecimal or base64 (RFC 7143 section 6.1); undefined when it is neither or too long. */
export function decodeBinary(text: string | undefined): Buffer | undefined {
  if (text === undefined || text.length > 2 + maxBytes * 2) return undefined
  const digits = hex.exec(text)?.[1]
  const letters = digits === undefined ? base64.exec(text)?.[1] : undefined
  const bytes = digits === undefined ? Buffer.from(letters ?? "", "base64") : Buffer.from(digits, "hex")
  return bytes.length > 0 && bytes.length <= maxBytes ? bytes : undefined
}

/** Hexadecimal with the lower-case prefix that every initiator understands. */
export function encodeBinary(bytes: Buffer): string {
  return `0x${bytes.toString("hex")}`
}
