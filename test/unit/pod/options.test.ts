import { expect, test } from "vitest"
import { filesOptions, guestOptions, targetOptions } from "../../../src/pod/options.ts"

const common = ["--session-uid=6f1e", "--session-name=shop/orders", "--secrets=/etc/frsess"]
const deadline = "--deadline=2026-11-22T22:00:00Z"
const target = [...common, deadline, "--iqn=iqn.2026-11.dev.filerecovery:6f1e", "--disk=data-0=ab12-0=/dev/disk0"]
const files = [
  ...common,
  deadline,
  "--portal=10.96.0.7:3260",
  "--target-iqn=iqn.2026-11.dev.filerecovery:6f1e",
  "--disk=data-0=ab12-0",
  "--guest-dir=/run/guest",
]

test("a target's arguments, with the ports of the contract", () =>
  expect(targetOptions([...target, "--disk", "logs=ab12-1=/dev/a=b"])).toMatchObject({
    "session-uid": "6f1e",
    deadline: new Date("2026-11-22T22:00:00Z"),
    "iscsi-port": 3260,
    "control-port": 9443,
    disk: [
      { name: "data-0", serial: "ab12-0", path: "/dev/disk0" },
      { name: "logs", serial: "ab12-1", path: "/dev/a=b" },
    ],
  }))

test.each([
  ["nothing", [], undefined],
  ["before and after", ["--hash-disks", "before-and-after"], "before-and-after"],
  ["after", ["--hash-disks=after"], "after"],
])("a target that is to hash its disks: %s", (_, extra, expected) =>
  expect(targetOptions([...target, ...extra])["hash-disks"]).toBe(expected),
)

test("the file service's arguments", () =>
  expect(filesOptions(files)).toMatchObject({
    portal: { host: "10.96.0.7", port: 3260 },
    disk: [{ name: "data-0", serial: "ab12-0" }],
    "files-port": 8443,
  }))

test("the times of several recovery points", () => {
  const times = ["2026-11-22T03:00:00Z", "2026-11-21T03:00:00+01:00"]
  expect(filesOptions(files).point).toBeUndefined()
  expect(filesOptions([...files, ...times.map((time) => `--point=${time}`)]).point).toEqual(times)
  expect(() => filesOptions([...files, "--point=2026-11-22T03:00:00Z"])).toThrow("--point")
})

test("SFTP is served where a port for it is named", () => {
  expect(filesOptions(files)["sftp-port"]).toBeUndefined()
  expect(filesOptions([...files, "--sftp-port=2022"])["sftp-port"]).toBe(2022)
})

test("the file service's keys to unlock with", () =>
  expect(filesOptions([...files, "--unlock=disk-keys/root", "--unlock", "a/b", "--journal=Skip"])).toMatchObject({
    unlock: [
      { name: "disk-keys", key: "root" },
      { name: "a", key: "b" },
    ],
    "unlock-dir": "/etc/frsess-unlock",
    journal: "Skip",
  }))

test("a portal at an IPv6 address", () =>
  expect(filesOptions([...files, "--portal=[fd00::7]:3260"]).portal).toEqual({ host: "fd00::7", port: 3260 }))

test("the guest's arguments", () =>
  expect(
    guestOptions(["--guest-dir=/run/guest", "--overlay-dir=/overlay", "--memory=256", "--cpus=2", "--kvm"]),
  ).toEqual(expect.objectContaining({ "guest-dir": "/run/guest", memory: 256, cpus: 2, kvm: true })))

test.each([
  ["no deadline", target.filter((arg) => arg !== deadline), /--deadline/],
  ["a deadline that is none", [...target, "--deadline=soon"], /--deadline/],
  ["no disk", target.filter((arg) => !arg.startsWith("--disk")), /--disk/],
  ["a disk without path", [...target, "--disk=data-0=ab12-0"], /--disk/],
  ["a serial number with odd characters", [...target, "--disk=data-0=ab 12=/dev/x"], /--disk/],
  ["a port that is none", [...target, "--iscsi-port=70000"], /--iscsi-port/],
  ["hashes at another time", [...target, "--hash-disks=before"], /--hash-disks/],
  ["an unknown option", [...target, "--no-such"], /no-such/],
  ["a word too many", [...target, "more"], /more/],
])("%s is a UsageError that names it", (_, args, message) => {
  expect(() => targetOptions(args)).toThrow(message)
  expect(() => targetOptions(args)).toThrow(expect.objectContaining({ code: "UsageError" }))
})
