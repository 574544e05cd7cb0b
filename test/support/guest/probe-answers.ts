import { assembleCatalogue } from "../../../src/guest/assemble.ts"
import { parseProbe } from "../../../src/guest/probe-answer.ts"

/** Answers of the guest's probe, and the catalogues that follow. */
export const tag = "00112233445566778899aabbccddeeff"

interface Found {
  nodes: string[]
  blkid?: string[]
  ldm?: string[]
  lvm?: unknown
  md?: string[]
}

export function answer({ nodes, blkid = [], ldm = [], lvm, md }: Found): Buffer {
  const section = (name: string, text: string) => `\n@${tag} ${name}\n${text}\n`
  const text = [
    section("nodes", nodes.join("\n")),
    section("blkid", blkid.map((tags) => tags.split(" ").join("\n")).join("\n\n")),
    section("ldm", ldm.join("\n")),
    lvm === undefined ? "" : section("lvm", JSON.stringify(lvm)),
    md === undefined ? "" : section("md", md.join("\n")),
    section("log", ""),
  ]
  return Buffer.from(text.join(""), "latin1")
}

const disks = (...names: string[]) => names.map((name, index) => ({ name, serial: `s${index}` }))
export const catalogue = (found: Found, ...names: string[]) =>
  assembleCatalogue(parseProbe(answer(found), tag), disks(...names))

export function group(
  name: string,
  uuid: string,
  pv: string[],
  lv: [name: string, uuid: string, health?: string, layout?: string][],
  missing = 0,
) {
  return {
    vg: [{ vg_name: name, vg_uuid: uuid, vg_missing_pv_count: String(missing) }],
    pv: pv.map((pv_name) => ({ pv_name: `/dev/${pv_name}`, pv_in_use: "used" })),
    lv: lv.map(([lv_name, lv_uuid, lv_health_status = "", lv_layout = "linear"]) => ({
      lv_name,
      lv_uuid,
      lv_size: "1048576",
      lv_health_status,
      lv_role: "public",
      lv_layout,
    })),
  }
}

export const summary = ({ volumes }: ReturnType<typeof catalogue>) =>
  volumes.map(({ path, state }) => `${path} ${state}`)
