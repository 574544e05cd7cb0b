import { hive } from "../hive-writer.ts"
import { all, ntfs } from "../keeping.ts"
import { group, mounted } from "./words.ts"

const osRelease = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
`

const software = hive({
  keys: {
    Microsoft: {
      keys: {
        ".NETFramework": {},
        "Windows NT": {
          keys: {
            CurrentVersion: {
              values: {
                ProductName: "Windows Server 2022 Standard",
                CurrentBuild: "20348",
                DisplayVersion: "21H2",
                UBR: 2700,
              },
            },
          },
        },
      },
    },
  },
})
const name = { keys: { ComputerName: { values: { ComputerName: "ORDERS" } } } }
const system = hive(
  {
    keys: {
      ControlSet001: { keys: { Control: { keys: { ComputerName: name } } } },
      MountedDevices: {
        values: {
          // signature of the disk; where the partition begins
          "\\DosDevices\\C:": Buffer.from("785634120000100000000000", "hex"),
          "\\DosDevices\\D:": Buffer.from("785634120000100300000000", "hex"),
        },
      },
      Select: { values: { Current: 1 } },
    },
  },
  "lf",
)

/** Bash that writes these bytes to a file. */
const write = (bytes: Buffer, file: string) => `base64 -d <<<${bytes.toString("base64")} >${file}`

/** Who it is: what systems say of themselves. */
export const systems = group("systems", [
  {
    name: "Linux: root and home as logical volumes, /boot by UUID, /srv by label of another disk",
    disks: [
      { name: "os", sizeMiB: 160 },
      { name: "data", sizeMiB: 32 },
    ],
    make: `
      sgdisk -n 1:0:+24M -n 2:0:0 -t 2:8e00 $d1 >/dev/null; blockdev --rereadpt $d1
      pvcreate -q \${d1}2; vgcreate -q vg-0 \${d1}2
      lvcreate -q -y -n root -L 48M vg-0; lvcreate -q -y -n home-x -L 48M vg-0
      ext4 \${d1}1; ext4 /dev/vg-0/home-x; ext4 $d2 -L DATA; mkfs.ext4 -q -F /dev/vg-0/root
      mkdir -p /made/r; mount /dev/vg-0/root /made/r; mkdir -p /made/r/etc /made/r/usr/lib
      printf '%s' '${osRelease}' >/made/r/usr/lib/os-release; ln -s ../usr/lib/os-release /made/r/etc/os-release
      printf 'web-1\\033[2J\\n' >/made/r/etc/hostname
      cat >/made/r/etc/fstab <<FSTAB
/dev/mapper/vg--0-root / ext4 defaults 0 1
/dev/mapper/vg--0-home--x /home ext4 defaults 0 2
UUID=$(blkid -p -s UUID -o value \${d1}1) /boot ext4 defaults 0 2
LABEL=DATA /srv/with\\\\040blank ext4 defaults 0 2
/dev/sda1 /never ext4 defaults 0 2
FSTAB
      umount /made/r`,
    volumes: [
      mounted("os-p1", "ext4", { keeps: all, mountPoint: "/boot" }),
      mounted("data", "ext4", { keeps: all, mountPoint: "/srv/with blank" }),
      mounted("vg-0-home-x", "ext4", { keeps: all, mountPoint: "/home" }),
      mounted("vg-0-root", "ext4", {
        mountPoint: "/",
        system: { os: "Debian GNU/Linux", version: "12 (bookworm)", hostName: "web-1\\x1b[2J" },
      }),
    ],
  },
  {
    name: "Windows: its hives, two drive letters",
    disks: [{ name: "win", sizeMiB: 96 }],
    make: `
      sfdisk -q $d1 <<<'label: dos
        label-id: 0x12345678
        start=2048, size=48MiB, type=7
        start=100352, type=7'
      mkntfs -q -f -L SYSTEM \${d1}1; mkntfs -q -f -L DATA \${d1}2
      mkdir -p /made/n; ntfs-3g \${d1}1 /made/n; config=/made/n/Windows/System32/config; mkdir -p $config
      ${write(software, "$config/SOFTWARE")}
      ${write(system, "$config/SYSTEM")}
      # another reader of such files agrees
      hivexget $config/SOFTWARE 'Microsoft\\Windows NT\\CurrentVersion' ProductName | grep -q 'Server 2022'
      hivexget $config/SYSTEM 'ControlSet001\\Control\\ComputerName\\ComputerName' ComputerName | grep -q ORDERS
      umount /made/n; ntfs-3g \${d1}2 /made/n; put plain /made/n; umount /made/n`,
    volumes: [
      mounted("win-p1", "ntfs", {
        mountPoint: "C:",
        system: { os: "Windows Server 2022 Standard", version: "21H2 (build 20348.2700)", hostName: "ORDERS" },
      }),
      mounted("win-p2", "ntfs", { keeps: ntfs, mountPoint: "D:" }),
    ],
  },
])
