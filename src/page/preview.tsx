import { useEffect, useRef } from "preact/hooks"
import type { Entry } from "../files/schemas.ts"
import { Failure } from "./failure.tsx"
import { dateTime, exactTime, humanBytes, permissions } from "./format.ts"
import { useLoaded, useService } from "./hooks.ts"
import { Icon } from "./icons.tsx"
import { useKey } from "./keys.ts"
import { previewKind, textOf } from "./kind.ts"
import { target } from "./place.ts"

const textBytes = 128 * 1024

interface PreviewProps {
  readonly entry: Entry
  readonly volume: string
  readonly names: readonly string[]
  readonly onClose: () => void
}

/** A file beside the list: what it is, its beginning where that can be shown safely, and a button that takes it home. */
export function Preview({ entry, volume, names, onClose }: PreviewProps) {
  const service = useService()
  const closing = useRef<HTMLButtonElement>(null)
  useEffect(() => closing.current?.focus(), [])
  useKey("Escape", onClose)
  const { display, type, sizeBytes, mtime, mode, uid, gid } = entry
  const isReadable = type === "file" || type === "symlink"
  return (
    <aside class="preview" aria-label={`File ${display}`}>
      <button ref={closing} type="button" class="close" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
      <h2>
        <bdi>{display}</bdi>
      </h2>
      <p class="quiet">
        {type === "file" ? humanBytes(sizeBytes) : type}, changed{" "}
        <span title={exactTime(mtime)}>{dateTime(mtime)}</span>, {permissions(mode)} {uid}:{gid}
      </p>
      {isReadable && (
        <p>
          <button type="button" class="main" onClick={() => void service.download(target("content", volume, names))}>
            <Icon name="download" /> Download
          </button>
        </p>
      )}
      {isReadable && <Look entry={entry} content={target("content", volume, names)} />}
    </aside>
  )
}

function Look({ entry, content }: { entry: Entry; content: string }) {
  switch (previewKind(entry)) {
    case "image":
      return <Picture content={content} name={entry.display} />
    case "pdf":
      return <Document content={content} name={entry.display} />
    case "text":
      return <Text content={content} sizeBytes={entry.sizeBytes} />
    case undefined:
      return <p class="quiet">No preview.</p>
  }
}

function Text({ content, sizeBytes }: { content: string; sizeBytes: number }) {
  const service = useService()
  const { value, error } = useLoaded((signal) => service.beginning(content, textBytes, signal), [content])
  if (error) return <Failure error={error} />
  if (!value) return <p class="quiet">Reading…</p>
  const text = textOf(value)
  if (text === undefined) return <p class="quiet">No preview: this is no text.</p>
  return (
    <>
      <pre tabIndex={0}>{text}</pre>
      {sizeBytes > textBytes && <p class="quiet">The first {humanBytes(textBytes)}.</p>}
    </>
  )
}

/** Pictures run no scripts, whatever they hold. */
function Picture({ content, name }: { content: string; name: string }) {
  const service = useService()
  const { value } = useLoaded(() => service.signed(`${content}&inline=true`), [content])
  return value === undefined ? null : <img src={value} alt={name} />
}

/** Shown by the browser's own viewer, from another origin: whatever it does there, it doesn't reach this page. */
function Document({ content, name }: { content: string; name: string }) {
  const service = useService()
  const { value } = useLoaded(() => service.elsewhere(`${content}&inline=true`), [content])
  return value === undefined ? null : <iframe src={value} title={name} referrerpolicy="no-referrer" />
}
