import { humanBytes } from "../../api/bytes.ts"
import { fingerprintOf } from "../../api/public-key.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import type { SessionStatus } from "../../api/status.ts"
import { printable } from "../printable.ts"
import { sourceWords, standing } from "../session-words.ts"
import { humanAge, table } from "../table.ts"
import { volumeTable } from "../volume-table.ts"
import { clientWords } from "./clients.ts"
import type { SessionEvents } from "./events.ts"

/** One field, or a heading with a table below it; undefined: there is nothing to tell. */
type Part = readonly [label: string, text: string | undefined]

/** What `describe` prints of a session; `now` in milliseconds since 1970. */
export function describeSession(session: FileRecoverySession, events: SessionEvents, now: number): string {
  const { status = {} } = session
  const fields = [...identity(session, now), ...course(session, now), ...use(status, now), ...release(status)]
  const told = fields.filter((field): field is [string, string] => field[1] !== undefined)
  const width = Math.max(...told.map(([label]) => label.length)) + 3
  const sections: Part[] = [
    ["Recovery points", recoveryPoints(status, now)],
    ["Disks", disks(status)],
    ["Volumes", volumes(status)],
    ["Conditions", conditions(status, now)],
    ["Events", eventTable(events, now)],
  ]
  return [
    ...told.map(([label, text]) => `${`${label}:`.padEnd(width)}${printable(text)}\n`),
    ...sections.flatMap(([label, text]) => (text === undefined ? [] : [`${label}:\n${indented(text)}`])),
  ].join("")
}

const identity = (session: FileRecoverySession, now: number): Part[] => {
  const { metadata, spec } = session
  const points = spec.recoveryPoints ?? [spec.recoveryPoint ?? {}]
  return [
    ["Name", metadata.name],
    ["Namespace", metadata.namespace],
    ["UID", metadata.uid],
    ["Created", moment(metadata.creationTimestamp, now)],
    ["Deleted", moment(metadata.deletionTimestamp, now)],
    ["Source", sourceWords(session)],
    ["Recovery point", points.map(pointWords).join("; ")],
    ["Unlock", spec.unlock?.map(({ secretRef: { name, key } }) => `Secret ${name}, key ${key}`).join("; ")],
    ["Journal", spec.journal === "Skip" ? "left alone (Skip)" : undefined],
    ["Verify source", spec.verifySource ? "yes" : undefined],
  ]
}

function pointWords({ name, notAfter }: NonNullable<FileRecoverySession["spec"]["recoveryPoint"]>): string {
  return name ?? (notAfter === undefined ? "newest" : `newest at or before ${notAfter}`)
}

const course = (session: FileRecoverySession, now: number): Part[] => {
  const { spec, status = {} } = session
  return [
    ["Phase", standing(session)],
    ["Desired state", spec.desiredState === "Unmounted" ? "Unmounted" : undefined],
    ["Started", moment(status.startedAt, now)],
    ["Ready", moment(status.readyAt, now)],
    ["Ends", status.finishedAt === undefined ? moment(status.expiresAt, now) : undefined],
    ["Lasts", `${spec.ttl ?? "12h"} from its start`],
    ["Idle timeout", spec.idleTimeout],
    ["Finished", moment(status.finishedAt, now)],
    ["Public keys", spec.access?.publicKeys?.map(keyWords).join("; ")],
    ["Clients", spec.access?.clients?.map(clientWords).join("; ")],
    ["Object kept", spec.ttlAfterFinished && `for ${spec.ttlAfterFinished} after it has finished`],
  ]
}

/** A key by its fingerprint, and whose it says it is. */
function keyWords(line: string): string {
  const [, , ...comment] = line.trim().split(" ")
  return [fingerprintOf(line), ...comment].join(" ")
}

const use = ({ usage, access, finishedAt }: SessionStatus, now: number): Part[] => {
  if (finishedAt !== undefined) return []
  const numbers = [
    counted(usage?.initiators, "initiator", "initiators"),
    counted(usage?.clients, "client at work", "clients at work"),
    usage?.bytesServed === undefined ? undefined : `${humanBytes(usage.bytesServed)} served`,
    counted(usage?.filesRead, "file read", "files read"),
    counted(usage?.writeAttempts, "write refused", "writes refused"),
  ]
  const known = numbers.filter((words) => words !== undefined).join(", ")
  return [
    ["Served by", access && `pod ${access.podName}, port ${access.httpsPort}; password in Secret ${access.secretName}`],
    ["SFTP", access?.sftpPort === undefined ? undefined : sftpWords(access)],
    ["In use", known === "" ? undefined : known],
    ["Last read", moment(usage?.lastActivityAt, now)],
  ]
}

function sftpWords({ sftpPort, sftpHostKey = "" }: NonNullable<SessionStatus["access"]>): string {
  return `port ${sftpPort}, host key ${fingerprintOf(sftpHostKey)}`
}

const release = ({ release: end }: SessionStatus): Part[] => {
  if (!end) return []
  const facts = [
    counted(end.initiatorsAtRelease, "initiator left", "initiators left"),
    end.bytesServed === undefined ? undefined : `${humanBytes(end.bytesServed)} served`,
    counted(end.filesRead, "file read", "files read"),
    counted(end.writeAttempts, "write refused", "writes refused"),
    end.sourceVerified === undefined ? undefined : `source ${end.sourceVerified ? "" : "NOT "}verified`,
  ].filter((fact) => fact !== undefined)
  return [
    ["Ended by", [end.reason, end.message].filter((words) => words !== undefined).join(": ")],
    ["Release", facts.length === 0 ? undefined : facts.join(", ")],
  ]
}

function recoveryPoints({ recoveryPoints = [] }: SessionStatus, now: number): string | undefined {
  const several = recoveryPoints.some(({ point }) => point !== undefined)
  const rows = recoveryPoints.map(({ point, disk, kind, name, time }) => [
    ...(several ? [`point${point}`] : []),
    disk,
    `${kind} ${name}`,
    time,
    age(time, now),
  ])
  return tableOf([...(several ? ["POINT"] : []), "DISK", "TAKEN AS", "AT", "AGE"], rows)
}

function disks({ disks = [] }: SessionStatus): string | undefined {
  const hashed = disks.some(({ sha256Before }) => sha256Before !== undefined)
  const rows = disks.map(({ name, sizeBytes, serial, source, sha256Before = "-", sha256After = "-" }) => [
    name,
    humanBytes(sizeBytes),
    serial,
    source,
    ...(hashed ? [sha256Before, sha256After] : []),
  ])
  return tableOf(["DISK", "SIZE", "SERIAL", "OF", ...(hashed ? ["SHA256 BEFORE", "AFTER"] : [])], rows)
}

function volumes({ volumes = [], volumeCount = volumes.length }: SessionStatus): string | undefined {
  if (volumes.length === 0) return undefined
  const more = volumeCount > volumes.length ? `and ${volumeCount - volumes.length} more\n` : ""
  return volumeTable(volumes) + more
}

function conditions({ conditions = [] }: SessionStatus, now: number): string | undefined {
  const rows = conditions.map(({ type, status, reason, lastTransitionTime, message }) => [
    type,
    status,
    reason,
    age(lastTransitionTime, now),
    message,
  ])
  return tableOf(["TYPE", "STATUS", "REASON", "SINCE", "MESSAGE"], rows)
}

function eventTable(found: SessionEvents, now: number): string {
  if ("unread" in found) return `not shown: ${printable(found.unread)}\n`
  const rows = found.events.map(({ type, reason, lastAt, count, message }) => [
    type,
    reason,
    age(lastAt, now) + (count > 1 ? ` (x${count})` : ""),
    message,
  ])
  return tableOf(["TYPE", "REASON", "AGE", "MESSAGE"], rows) ?? "none of the last hour\n"
}

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string | undefined {
  if (rows.length === 0) return undefined
  return table(
    header,
    rows.map((row) => row.map(printable)),
  )
}

const age = (time: string, now: number) => humanAge(now - Date.parse(time))
const indented = (text: string) => text.replaceAll(/^(?=.)/gm, "  ")

function counted(number: number | undefined, one: string, several: string): string | undefined {
  return number === undefined ? undefined : `${number} ${number === 1 ? one : several}`
}

/** A time, and how far it is from now. */
function moment(time: string | undefined, now: number): string | undefined {
  if (time === undefined) return undefined
  const ms = Date.parse(time) - now
  return ms > 0 ? `${time} (in ${humanAge(ms)})` : `${time} (${humanAge(-ms)} ago)`
}
