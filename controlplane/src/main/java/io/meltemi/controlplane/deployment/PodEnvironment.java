package io.meltemi.controlplane.deployment;

import static io.meltemi.controlplane.deployment.GatewayManifests.object;

import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.ProxyConfig;
import java.util.ArrayList;
import java.util.List;

/** The environment variables of a gateway's container, in Istio's order. */
final class PodEnvironment {
  private final GatewayDeployment gateway;
  private final MeshConfig mesh;
  private final ProxyConfig proxy;
  private final DeploymentSettings settings;
  private final List<Object> variables = new ArrayList<>();

  PodEnvironment(
      GatewayDeployment gateway, MeshConfig mesh, ProxyConfig proxy, DeploymentSettings settings) {
    this.gateway = gateway;
    this.mesh = mesh;
    this.proxy = proxy;
    this.settings = settings;
  }

  List<Object> content() {
    if (gateway.kind().isAgent()) {
      agent();
    } else if (gateway.kind().isLikeWaypoint()) {
      waypoint();
    } else {
      router();
    }
    return List.copyOf(variables);
  }

  private void router() {
    server();
    pod();
    field("HOST_IP", "status.hostIP");
    resource("ISTIO_CPU_LIMIT", "limits.cpu");
    set("PROXY_CONFIG", ProxyConfigText.of(proxy) + "\n");
    set("ISTIO_META_POD_PORTS", "[]");
    set("ISTIO_META_APP_CONTAINERS", "");
    resource("GOMEMLIMIT", "limits.memory");
    set("ISTIO_META_CLUSTER_ID", cluster());
    field("ISTIO_META_NODE_NAME", "spec.nodeName");
    set("ISTIO_META_INTERCEPTION_MODE", proxy.interceptionMode().name());
    setUnlessEmpty("ISTIO_META_NETWORK", network());
    workload();
    proxy.metadata().forEach(this::set);
    setUnlessEmpty(
        "ISTIO_META_REQUESTED_NETWORK_VIEW",
        gateway.labels().getOrDefault(GatewayDeployment.NETWORK, ""));
  }

  private void waypoint() {
    field("ISTIO_META_SERVICE_ACCOUNT", "spec.serviceAccountName");
    field("ISTIO_META_NODE_NAME", "spec.nodeName");
    server();
    pod();
    field("HOST_IP", "status.hostIP");
    resource("ISTIO_CPU_LIMIT", "limits.cpu");
    set("PROXY_CONFIG", ProxyConfigText.of(proxy) + "\n");
    proxy.metadata().forEach(this::set);
    resource("GOMEMLIMIT", "limits.memory");
    set("ISTIO_META_CLUSTER_ID", cluster());
    setUnlessEmpty("ISTIO_META_NETWORK", network());
    if (gateway.kind() == GatewayKind.EAST_WEST) {
      setUnlessEmpty("ISTIO_META_REQUESTED_NETWORK_VIEW", network());
    }
    set("ISTIO_META_INTERCEPTION_MODE", "REDIRECT");
    workload();
  }

  private void agent() {
    field("POD_NAME", "metadata.name");
    field("POD_NAMESPACE", "metadata.namespace");
    field("NAMESPACE", "metadata.namespace");
    field("INSTANCE_IP", "status.podIP");
    field("SERVICE_ACCOUNT", "spec.serviceAccountName");
    resource("CPU_LIMIT", "limits.cpu");
    set("GATEWAY", gateway.gateway().name());
    set("RUST_BACKTRACE", "1");
    set("CLUSTER_ID", cluster());
    setUnlessEmpty("NETWORK", network());
    setUnlessEmpty("TRUST_DOMAIN", mesh.identity().trustDomain());
    proxy.metadata().forEach(this::set);
    set("XDS_ADDRESS", proxy.addresses().discoveryAddress());
    set("CA_ADDRESS", settings.server().certificates());
  }

  private void server() {
    set("PILOT_CERT_PROVIDER", settings.server().certProvider());
    set("CA_ADDR", settings.server().certificates());
  }

  private void pod() {
    field("POD_NAME", "metadata.name");
    field("POD_NAMESPACE", "metadata.namespace");
    field("INSTANCE_IP", "status.podIP");
    field("SERVICE_ACCOUNT", "spec.serviceAccountName");
  }

  private void workload() {
    String trustDomain = mesh.identity().trustDomain();
    String meshId = settings.network().meshId();
    set("ISTIO_META_WORKLOAD_NAME", gateway.name());
    set(
        "ISTIO_META_OWNER",
        "kubernetes://apis/apps/v1/namespaces/"
            + gateway.gateway().namespace()
            + "/deployments/"
            + gateway.name());
    setUnlessEmpty("ISTIO_META_MESH_ID", meshId.isEmpty() ? trustDomain : meshId);
    setUnlessEmpty("TRUST_DOMAIN", trustDomain);
  }

  private String cluster() {
    String name = settings.network().clusterName();
    return name.isEmpty() ? settings.clusterId() : name;
  }

  private String network() {
    return gateway.labels().getOrDefault(GatewayDeployment.NETWORK, settings.network().name());
  }

  private void set(String name, String value) {
    variables.add(object("name", name, "value", value));
  }

  private void setUnlessEmpty(String name, String value) {
    if (!value.isEmpty()) {
      set(name, value);
    }
  }

  private void field(String name, String path) {
    variables.add(object("name", name, "valueFrom", object("fieldRef", object("fieldPath", path))));
  }

  private void resource(String name, String resource) {
    variables.add(
        object(
            "name",
            name,
            "valueFrom",
            object("resourceFieldRef", object("divisor", "1", "resource", resource))));
  }
}
