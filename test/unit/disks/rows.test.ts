import { expect, test } from "vitest"
import { idOf } from "../../disks/row.ts"
import { rows } from "../../disks/rows.ts"
import { matrix } from "../../disks/report.ts"

test("every row has a name of its own, disks that exist, and something to be found", () => {
  const ids = rows.map(idOf)
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
  for (const { disks, without = [], volumes } of rows) {
    expect(volumes.length).toBeGreaterThan(0)
    expect(disks.map(({ name }) => name)).toEqual(expect.arrayContaining([...without]))
  }
})

test("the matrix: a line per volume, and every deviation below", () => {
  const good = {
    group: "LVM",
    row: "striped",
    found: ["vg0-a ext4 Mounted", "vg0-b swap Unsupported"],
    compared: 65,
    unchanged: true,
    seconds: 9.87,
    catalogueSeconds: 3.21,
    peakMiB: 280,
    deviations: [],
  }
  const bad = { ...good, row: "thin", found: [], unchanged: false, deviations: ["the disks were written to"] }
  expect(matrix([good, bad])).toBe(
    [
      "made how      found as                compared  disks      seconds  to catalogue  peak MiB",
      "LVM: striped  vg0-a ext4 Mounted      65        unchanged  9.9      3.2           280",
      "              vg0-b swap Unsupported",
      "LVM: thin     -                       65        CHANGED    9.9      3.2           280",
      "",
      "FAILED LVM: thin: the disks were written to",
      "2 sets of disks, 130 entries compared, 1 failed; QEMU had 280 MiB at most",
    ].join("\n"),
  )
})
