import type { Entry } from "../files/schemas.ts"

/** How a file can be looked at without downloading it. */
export type PreviewKind = "text" | "image" | "pdf"

const images = /\.(?:png|jpe?g|gif|webp|avif|bmp|ico)$/i
/** Most of a picture that is shown; more could be more than the browser can hold. */
const imageBytes = 32 * 2 ** 20

/** By its name: what is no picture and no document is tried as text, which says itself when it isn't. */
export function previewKind({ type, display, sizeBytes }: Entry): PreviewKind | undefined {
  if (type !== "file") return undefined
  if (/\.pdf$/i.test(display)) return "pdf"
  if (images.test(display)) return sizeBytes <= imageBytes ? "image" : undefined
  return "text"
}

/**
 * The beginning of a file as text: UTF-8, or else Latin-1; undefined for what is no text. A last character that was cut in
 * two is left out.
 */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true })
  } catch {
    const text = new TextDecoder("latin1").decode(bytes)
    // eslint-disable-next-line no-control-regex -- controls are what it looks for
    const controls = text.match(/[\x01-\x08\x0e-\x1a\x1c-\x1f]/g)?.length ?? 0
    return controls > text.length / 100 ? undefined : text
  }
}
