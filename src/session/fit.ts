import type { SessionStatus, VolumeStatus } from "../api/status.ts"

const MAX_BYTES = 60 * 1024
const MAX_VOLUMES = 128
const MAX_TEXT = 2048
const MAX_LABEL = 256

/** Texts from disks and pods can hold anything: control, bidirectional and line characters are shown by their number. */
export function escape(text: string, longest: number): string {
  const visible = text
    .slice(0, longest + 1)
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      character === "\n" || character === "\t" ? " " : `\\u{${character.codePointAt(0)?.toString(16)}}`,
    )
  return visible.length <= longest ? visible : `${visible.slice(0, longest - 3).toWellFormed()}...`
}

/** Pods and disks can name any number; one that is no int64 would make the API server refuse the whole status. */
function whole(number: number): number {
  return Number.isNaN(number) ? 0 : Math.trunc(Math.min(Math.max(number, 0), Number.MAX_SAFE_INTEGER))
}

function clean(_: string, value: unknown): unknown {
  if (typeof value === "number") return whole(value)
  return typeof value === "string" ? escape(value, MAX_TEXT) : value
}

export function fits(status: SessionStatus): boolean {
  return bytes(status) + roomForHashes(status) <= MAX_BYTES
}

/** The second hash of a disk comes when it is too late to refuse a session for it. */
function roomForHashes({ disks = [] }: SessionStatus): number {
  const expected = disks.filter(({ sha256Before, sha256After }) => sha256Before && !sha256After)
  return expected.length * bytes({ sha256After: "0".repeat(64) })
}

/** The status as it may be written: texts escaped, numbers whole, 128 volumes at most, all of it far below what etcd takes. */
export function fit(status: SessionStatus): SessionStatus {
  const cut = { ...status, volumes: status.volumes?.slice(0, MAX_VOLUMES) }
  const safe = JSON.parse(JSON.stringify(cut, clean)) as SessionStatus
  const volumes = safe.volumes?.map((volume) => shorten(volume))
  const all = { ...safe, ...(volumes && { volumes }) }
  if (fits(all)) return all
  const { volumes: found = [], ...others } = all
  const used = bytes({ ...others, volumes: [] }) + roomForHashes(others)
  const most = { ...others, volumes: asManyAsFit(found, MAX_BYTES - used) }
  if (fits(most)) return most
  const { disks, ...least } = others
  // a hash is known from nowhere else; without it there is no proof
  const rest = disks?.some(({ sha256Before }) => sha256Before) ? others : least
  const told = rest.conditions?.map((one) => ({ ...one, message: escape(one.message, MAX_LABEL) }))
  return { ...rest, ...(told && { conditions: told }) }
}

const bytes = (value: object) => Buffer.byteLength(JSON.stringify(value))

/** The catalogue is also had from the file service, so it is what gives way. */
function asManyAsFit(volumes: readonly VolumeStatus[], room: number): VolumeStatus[] {
  let used = 0
  return volumes.filter((volume) => (used += bytes(volume) + 1) <= room)
}

function shorten<T extends object>(object: T): T {
  const short = (value: unknown): unknown => {
    if (typeof value === "string") return escape(value, MAX_LABEL)
    if (Array.isArray(value)) return value.slice(0, 16).map((one) => short(one))
    return typeof value === "object" && value !== null ? shorten(value) : value
  }
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, short(value)])) as T
}
