import { splitPath } from "./path.ts"

/** Text is never given as what a browser would run or lay out: HTML, SVG, scripts are text to look at. */
const text = "text/plain; charset=utf-8"

const byExtension: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/x-icon",
  pdf: "application/pdf",
  json: "application/json",
  ...Object.fromEntries(
    (
      "txt text log md rst csv tsv xml html htm svg css js mjs ts jsx tsx yaml yml toml ini conf cfg env sh bash py rb pl " +
      "php java c h cc cpp hpp go rs sql diff patch properties service lua kt swift cs ps1 bat tex"
    )
      .split(" ")
      .map((extension) => [extension, text]),
  ),
}

/** What a browser may show in place. */
const shown = /^(?:text\/plain|image\/|application\/(?:pdf|json)$)/

/** The media type of a file, by the extension of its name only: nothing of a hostile disk is looked into. */
export function contentType(path: Buffer): string {
  const name = (splitPath(path).at(-1) ?? Buffer.alloc(0)).toString("latin1")
  const [, extension = ""] = /\.([A-Za-z0-9]{1,12})$/.exec(name) ?? []
  const known = extension.toLowerCase()
  return Object.hasOwn(byExtension, known) ? (byExtension[known] ?? "") : "application/octet-stream"
}

/** Whether a browser can be left to show it instead of saving it. */
export function isShown(type: string): boolean {
  return shown.test(type)
}
