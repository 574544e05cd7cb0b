package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (d *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{{Type: &csi.NodeServiceCapability_Rpc{
		Rpc: &csi.NodeServiceCapability_RPC{Type: csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME}}}}}, nil
}

func (d *driver) NodeGetInfo(context.Context, *csi.NodeGetInfoRequest) (*csi.NodeGetInfoResponse, error) {
	return &csi.NodeGetInfoResponse{NodeId: d.node}, nil
}

// loopFile remembers which loop device this node uses for the volume.
func (d *driver) loopFile(id string) string {
	return filepath.Join(d.store.dir, filepath.Base(id)+".loop-"+d.node)
}

func (d *driver) attach(id string, ro bool) (string, error) {
	if b, err := os.ReadFile(d.loopFile(id)); err == nil {
		if out, _ := run("losetup", "-n", "-O", "BACK-FILE", string(b)); out == d.store.image(id) {
			return string(b), nil
		}
	}
	args := []string{"losetup", "--show", "-f"}
	if ro {
		args = append(args, "-r")
	}
	dev, err := run(append(args, d.store.image(id))...)
	if err == nil {
		os.Chown(dev, 0, 6) // root:disk 0660, which udev does on a usual node
		os.Chmod(dev, 0o660)
		err = os.WriteFile(d.loopFile(id), []byte(dev), 0o600)
	}
	return dev, err
}

func mounted(path string) bool {
	_, err := run("mountpoint", "-q", path)
	if err != nil { // a bind mount over a file is not seen by mountpoint
		b, _ := os.ReadFile("/proc/self/mountinfo")
		return strings.Contains(string(b), " "+path+" ")
	}
	return true
}

func (d *driver) NodeStageVolume(_ context.Context, q *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	ro := q.PublishContext["readonly"] == "true"
	dev, err := d.attach(q.VolumeId, ro)
	if err != nil || q.VolumeCapability.GetBlock() != nil || mounted(q.StagingTargetPath) {
		return &csi.NodeStageVolumeResponse{}, err
	}
	if fs, _ := run("blkid", "-p", "-s", "TYPE", "-o", "value", dev); fs == "" && !ro {
		if _, err := run("mkfs.ext4", "-q", "-m", "0", dev); err != nil {
			return nil, err
		}
	}
	opts := append([]string{"rw"}, q.VolumeCapability.GetMount().GetMountFlags()...)
	if ro {
		opts[0] = "ro,noload"
	}
	os.MkdirAll(q.StagingTargetPath, 0o750)
	_, err = run("mount", "-o", strings.Join(opts, ","), dev, q.StagingTargetPath)
	return &csi.NodeStageVolumeResponse{}, err
}

func (d *driver) NodeUnstageVolume(_ context.Context, q *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if mounted(q.StagingTargetPath) {
		if _, err := run("umount", q.StagingTargetPath); err != nil {
			return nil, err
		}
	}
	if b, err := os.ReadFile(d.loopFile(q.VolumeId)); err == nil {
		if out, _ := run("losetup", "-n", "-O", "BACK-FILE", string(b)); out == d.store.image(q.VolumeId) {
			if _, err := run("losetup", "-d", string(b)); err != nil {
				return nil, err
			}
		}
		os.Remove(d.loopFile(q.VolumeId))
	}
	return &csi.NodeUnstageVolumeResponse{}, nil
}

func (d *driver) NodePublishVolume(_ context.Context, q *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if mounted(q.TargetPath) {
		return &csi.NodePublishVolumeResponse{}, nil
	}
	src := q.StagingTargetPath
	if q.VolumeCapability.GetBlock() != nil {
		dev, err := d.attach(q.VolumeId, q.PublishContext["readonly"] == "true")
		if err != nil {
			return nil, err
		}
		src = dev
		os.MkdirAll(filepath.Dir(q.TargetPath), 0o750)
		if err := os.WriteFile(q.TargetPath, nil, 0o640); err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
	} else {
		os.MkdirAll(q.TargetPath, 0o750)
	}
	if _, err := run("mount", "--bind", src, q.TargetPath); err != nil {
		return nil, err
	}
	if q.Readonly {
		if _, err := run("mount", "-o", "remount,bind,ro", q.TargetPath); err != nil {
			return nil, err
		}
	}
	return &csi.NodePublishVolumeResponse{}, nil
}

func (d *driver) NodeUnpublishVolume(_ context.Context, q *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if mounted(q.TargetPath) {
		if _, err := run("umount", q.TargetPath); err != nil {
			return nil, err
		}
	}
	if err := os.Remove(q.TargetPath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}
