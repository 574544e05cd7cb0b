// csi-loop: a CSI driver for test clusters. A volume is a sparse image file, a snapshot is a copy of it, and a
// node reaches it through a loop device. Both volume modes share the format, so a Block claim made from the
// snapshot of a Filesystem claim holds the ext4 image, as with a cloud disk. Every node on this machine can
// attach every volume. The same process answers kubelet's plugin registration, so no registrar is needed.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	reg "k8s.io/kubelet/pkg/apis/pluginregistration/v1"
)

type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedControllerServer
	csi.UnimplementedNodeServer
	name, node, endpoint string
	store                store
}

type registration struct {
	reg.UnimplementedRegistrationServer
	d *driver
}

func (r registration) GetInfo(context.Context, *reg.InfoRequest) (*reg.PluginInfo, error) {
	return &reg.PluginInfo{Type: reg.CSIPlugin, Name: r.d.name, Endpoint: r.d.endpoint, SupportedVersions: []string{"1.0.0"}}, nil
}

func (r registration) NotifyRegistrationStatus(_ context.Context, s *reg.RegistrationStatus) (*reg.RegistrationStatusResponse, error) {
	log.Printf("registered=%v %s", s.PluginRegistered, s.Error)
	return &reg.RegistrationStatusResponse{}, nil
}

func serve(sock string, add func(*grpc.Server)) {
	os.MkdirAll(filepath.Dir(sock), 0o750)
	os.Remove(sock)
	l, err := net.Listen("unix", sock)
	if err != nil {
		log.Fatal(err)
	}
	s := grpc.NewServer(grpc.UnaryInterceptor(func(c context.Context, q any, i *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
		r, err := h(c, q)
		if err != nil {
			log.Printf("%s %v: %v", i.FullMethod, q, err)
		}
		return r, err
	}))
	add(s)
	log.Fatal(s.Serve(l))
}

func main() {
	d := &driver{}
	var kubelet string
	flag.StringVar(&d.name, "name", "loop.csi.cluster.test", "driver name")
	flag.StringVar(&d.node, "node", "", "node name")
	flag.StringVar(&d.store.dir, "data", "", "folder for images, shared by all nodes")
	flag.StringVar(&kubelet, "kubelet-dir", "/var/lib/kubelet", "kubelet's root folder")
	flag.Parse()
	os.MkdirAll(d.store.dir, 0o700)
	d.endpoint = filepath.Join(kubelet, "plugins", d.name, "csi.sock")
	go serve(filepath.Join(kubelet, "plugins_registry", d.name+"-reg.sock"), func(s *grpc.Server) { reg.RegisterRegistrationServer(s, registration{d: d}) })
	serve(d.endpoint, func(s *grpc.Server) {
		csi.RegisterIdentityServer(s, d)
		csi.RegisterControllerServer(s, d)
		csi.RegisterNodeServer(s, d)
	})
}
