import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http"

/** What the browser may say to the file service of a request it makes. */
const asked = ["range", "if-range", "if-none-match"]
/** What the file service says of an answer that the browser is to know. */
const answered = [
  "content-type",
  "content-length",
  "content-range",
  "content-disposition",
  "accept-ranges",
  "etag",
  "last-modified",
]

const only = (names: readonly string[], headers: IncomingHttpHeaders): OutgoingHttpHeaders =>
  Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))

export const toService = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => only(asked, headers)
export const toBrowser = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => only(answered, headers)

const always = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
}

/** Of the page: only what comes with it runs, and it may be framed by nobody. `documents` is the origin of its frames. */
export const pageHeaders = (documents: string): OutgoingHttpHeaders => ({
  ...always,
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `frame-src ${documents}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
})

/** Of what comes from the disks: it runs nothing, whatever it says it is. */
export const contentHeaders: OutgoingHttpHeaders = {
  ...always,
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; sandbox",
}

/** Of documents, at their own origin, in a frame of the page. The browser's viewer doesn't work in a sandbox. */
export const documentHeaders = (page: string): OutgoingHttpHeaders => ({
  ...always,
  "cross-origin-resource-policy": "cross-origin",
  "content-security-policy": `default-src 'none'; object-src 'self'; plugin-types application/pdf; style-src 'unsafe-inline'; frame-ancestors ${page}`,
})
