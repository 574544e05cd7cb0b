import { expect, test } from "vitest"
import { catalogue, summary } from "../../support/guest/probe-answers.ts"

test("an array says which of its devices are missing, where mdadm says which are there", () => {
  const nodes = ["disk sda 9 0:0:0:0", "disk sdb 9 0:0:1:0", "md md127 9 raid6 2 sda,sdb"]
  const md = [
    "MD_DEVICES=4",
    "MD_NAME=home",
    "MD_DEVICE_ev_sda_ROLE=1",
    "MD_DEVICE_ev_sdb_ROLE=spare",
    "MD_DEVNODE=md127",
  ]
  const [volume] = catalogue({ nodes, md }, "a", "b").volumes
  expect(volume?.stack.at(-1)).toBe("raid6 home, 2 missing (devices 0, 2, 3)")
})

test.each([
  ["MD_LEVEL=raid5 MD_DEVICES=3 MD_NAME=host:home", "Incomplete", "Member of the raid5 array home of 3 devices, which"],
  ["MD_LEVEL=linear MD_NAME=host:home", "Unsupported", "Member of the linear array home; Debian's kernel has none."],
  ["MD_LEVEL=\x1b[2J MD_DEVICES=x", "Incomplete", "Member of the \\x1b[2J array, which could not be started"],
])("a member that no array has taken says of which it was: %j", (says, state, words) => {
  const blkid = ["DEVNAME=/dev/sda TYPE=linux_raid_member"]
  const md = [...says.split(" "), "MD_DEVNODE=sda"]
  const { volumes } = catalogue({ nodes: ["disk sda 9 0:0:0:0"], blkid, md }, "a")
  expect(volumes).toMatchObject([{ kind: "raid", state, message: expect.stringContaining(words) as unknown }])
})

test("partitions that the kernel also sees at the front of an array's disks are the array's", () => {
  const nodes = [
    "disk sda 99 0:0:0:0",
    "part sda1 9 sda 1 1",
    "disk sdb 99 0:0:1:0",
    "part sdb1 9 sdb 1 1",
    "md md0 99 raid1 0 sda,sdb",
    "part md0p1 9 md0 1 1",
  ]
  const blkid = ["sda1", "sdb1", "md0p1"].map((name) => `DEVNAME=/dev/${name} TYPE=ext4`)
  expect(summary(catalogue({ nodes, blkid }, "a", "b"))).toEqual(["md-md0-p1 Available"])
})

test("a Btrfs of several devices is one volume, its copy another", () => {
  const nodes = [0, 1, 2, 3].map((at) => `disk sd${"abcd"[at]} 9 0:0:${at}:0`)
  const member = (disk: string, sub: string) => `DEVNAME=/dev/${disk} TYPE=btrfs UUID=u UUID_SUB=${sub}`
  const blkid = [member("sda", "1"), member("sdb", "1"), member("sdc", "2"), member("sdd", "2")]
  const { volumes } = catalogue({ nodes, blkid }, "a", "b", "c", "d")
  expect(volumes.map(({ path, device, otherDevices, stack }) => [path, device, otherDevices, stack])).toEqual([
    ["a", "sda", ["sdc"], ["disk a", "disk c"]],
    ["b", "sdb", ["sdd"], ["disk b", "disk d"]],
  ])
  expect(volumes[0]?.sizeBytes).toBe(2 * 9 * 512)
})

test.each([
  ["used", "Corrupt", "whose volume group nothing describes: the description is damaged, or only on disks"],
  ["", "Unsupported", "without logical volumes"],
])("a physical volume in no group that is known, in use: %j", (pv_in_use, state, words) => {
  const blkid = ["DEVNAME=/dev/sda TYPE=LVM2_member"]
  const lvm = { report: [{ pv: [{ pv_name: "/dev/sda", pv_in_use }] }] }
  const { volumes } = catalogue({ nodes: ["disk sda 9 0:0:0:0"], blkid, lvm }, "a")
  expect(volumes).toMatchObject([{ path: "a", kind: "lvm", state, message: expect.stringContaining(words) as unknown }])
})
