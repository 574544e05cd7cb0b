import { type Mount, shownText, type SystemFacts } from "./facts.ts"

const maxLines = 2000

/** What /etc/os-release, /etc/hostname and /etc/fstab say; any of them may be absent. Bytes of an enemy, in Latin-1. */
export function linuxFacts(files: { osRelease?: string; hostname?: string; fstab?: string }): SystemFacts {
  const release = assignments(files.osRelease ?? "")
  const os = release.get("NAME") ?? release.get("PRETTY_NAME") ?? release.get("ID")
  const version = release.get("VERSION") ?? release.get("VERSION_ID")
  const host = lines(files.hostname ?? "").find((line) => line !== "" && !line.startsWith("#"))
  return {
    ...(os === undefined ? {} : { os: shownText(os) }),
    ...(version === undefined ? {} : { version: shownText(version) }),
    ...(host === undefined ? {} : { hostName: shownText(host) }),
    mounts: mountsOf(files.fstab ?? ""),
  }
}

const lines = (text: string) =>
  text
    .split("\n")
    .slice(0, maxLines)
    .map((line) => line.trim())

/** `NAME="value"`, as a shell reads it (os-release(5)). */
function assignments(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const line of lines(text)) {
    const [, key, quoted, single, bare] = /^([A-Z][A-Z0-9_]*)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line) ?? []
    const value = quoted?.replaceAll(/\\(.)/g, "$1") ?? single ?? bare ?? ""
    if (key !== undefined && value !== "") found.set(key, value)
  }
  return found
}

/** What fstab(5) mounts where, by all names that tell one volume from every other; kernel names of disks do not. */
function mountsOf(text: string): Mount[] {
  return lines(text).flatMap((line): Mount[] => {
    const [what = "", at = ""] = line.split(/[ \t]+/, 2).map(unescaped)
    if (what.startsWith("#") || !at.startsWith("/")) return []
    const mark = markOf(what.replace(/^(\w+)="(.*)"$/, "$1=$2"))
    return mark === undefined ? [] : [{ mark, at: shownText(at) }]
  })
}

function markOf(what: string): string | undefined {
  const [, kind, value] = /^(UUID|LABEL|PARTUUID|PARTLABEL)=(.+)$/.exec(what) ?? []
  if (kind !== undefined && value !== undefined) return `${kind}=${/UUID/.test(kind) ? value.toLowerCase() : value}`
  const [, folder, name] = /^\/dev\/disk\/by-(uuid|label|partuuid|partlabel)\/(.+)$/.exec(what) ?? []
  if (folder !== undefined && name !== undefined) return markOf(`${folder.toUpperCase()}=${name}`)
  const [, mapped] = /^\/dev\/mapper\/(.+)$/.exec(what) ?? []
  if (mapped !== undefined) {
    // a dash in a name is two, the one between group and volume is one
    const [group, volume] = mapped.split(/(?<!-)-(?!-)/)
    return volume === undefined ? undefined : `lvm ${group?.replaceAll("--", "-")}/${volume.replaceAll("--", "-")}`
  }
  const [, group, volume] = /^\/dev\/([^/]+)\/([^/]+)$/.exec(what) ?? []
  return group === undefined || group === "disk" ? undefined : `lvm ${group}/${volume}`
}

const unescaped = (field: string) =>
  field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8) & 0xff))
