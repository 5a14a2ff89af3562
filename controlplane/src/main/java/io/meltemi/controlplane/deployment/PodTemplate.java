package io.meltemi.controlplane.deployment;

import static io.meltemi.controlplane.deployment.GatewayManifests.object;

import io.meltemi.config.mesh.MeshConfig;
import io.meltemi.config.mesh.ProxyConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The pods of a gateway. */
final class PodTemplate {
  private final GatewayDeployment gateway;
  private final GatewayKind kind;
  private final ProxyConfig proxy;
  private final DeploymentSettings settings;
  private final PodEnvironment environment;
  private final boolean certificatesOfServer;

  PodTemplate(
      GatewayDeployment gateway, MeshConfig mesh, ProxyConfig proxy, DeploymentSettings settings) {
    this.gateway = gateway;
    this.kind = gateway.kind();
    this.proxy = proxy;
    this.settings = settings;
    this.environment = new PodEnvironment(gateway, mesh, proxy, settings);
    this.certificatesOfServer =
        kind.isLikeWaypoint() || settings.server().certProvider().equals("istiod");
  }

  Map<String, Object> content() {
    return object("metadata", metadata(), "spec", spec());
  }

  private Map<String, Object> metadata() {
    String revision = settings.server().revision();
    Map<String, Object> annotations = new LinkedHashMap<>(gateway.annotations());
    annotations.put("istio.io/rev", revision.isEmpty() ? "default" : revision);
    annotations.put("prometheus.io/path", "/stats/prometheus");
    annotations.put("prometheus.io/port", "15020");
    annotations.put("prometheus.io/scrape", "true");
    Map<String, Object> labels =
        object(
            "sidecar.istio.io/inject",
            "false",
            "service.istio.io/canonical-name",
            gateway.name(),
            "service.istio.io/canonical-revision",
            "latest");
    if (kind.isWaypoint() || kind.isLikeWaypoint()) {
      labels.put("istio.io/dataplane-mode", "none");
    }
    labels.putAll(gateway.labels());
    return object("annotations", annotations, "labels", labels);
  }

  private Map<String, Object> spec() {
    Map<String, Object> spec = object();
    if (!kind.isWaypoint() && !kind.isLikeWaypoint()) {
      // ports 80 and 443 without root
      spec.put(
          "securityContext",
          object(
              "sysctls",
              List.of(object("name", "net.ipv4.ip_unprivileged_port_start", "value", "0"))));
    }
    spec.put("serviceAccountName", gateway.serviceAccount());
    spec.put("containers", List.of(container()));
    spec.put("volumes", volumes());
    List<String> secrets = settings.images().pullSecrets();
    if (!secrets.isEmpty()) {
      spec.put("imagePullSecrets", secrets.stream().map(name -> object("name", name)).toList());
    }
    return spec;
  }

  private Map<String, Object> container() {
    Map<String, Object> container =
        object("name", kind.isAgent() ? "agentgateway" : "istio-proxy", "image", image());
    if (!settings.images().pullPolicy().isEmpty()) {
      container.put("imagePullPolicy", settings.images().pullPolicy());
    }
    container.put("args", arguments());
    container.put("env", environment.content());
    container.put("ports", ports());
    Map<String, Object> resources =
        kind.isWaypoint() || kind.isLikeWaypoint()
            ? settings.resources().waypoint()
            : settings.resources().proxy();
    if (!resources.isEmpty()) {
      container.put("resources", resources);
    }
    container.put(
        "securityContext",
        object(
            "allowPrivilegeEscalation",
            false,
            "capabilities",
            object("drop", List.of("ALL")),
            "privileged",
            false,
            "readOnlyRootFilesystem",
            true,
            "runAsGroup",
            settings.resources().groupId(),
            "runAsNonRoot",
            true,
            "runAsUser",
            settings.resources().userId()));
    container.put("startupProbe", probe(30, 1, 1));
    container.put("readinessProbe", probe(4, 0, 15));
    container.put("volumeMounts", mounts());
    return container;
  }

  private String image() {
    DeploymentSettings.Images images = settings.images();
    return kind.isAgent()
        ? images.named(annotation("gateway.istio.io/agentgatewayImage", images.agent()), "")
        : images.named(
            annotation("sidecar.istio.io/proxyImage", images.proxy()),
            annotation("sidecar.istio.io/proxyImageType", proxy.imageType()));
  }

  private String annotation(String key, String otherwise) {
    return gateway.gateway().metadata().annotations().getOrDefault(key, otherwise);
  }

  private List<String> arguments() {
    if (kind.isAgent()) {
      return List.of("--config", "{}");
    }
    List<String> arguments = new ArrayList<>();
    arguments.add("proxy");
    arguments.add(kind.isLikeWaypoint() ? "waypoint" : "router");
    arguments.add("--domain");
    arguments.add("$(POD_NAMESPACE).svc." + settings.network().clusterDomain());
    if (kind.isLikeWaypoint()) {
      arguments.add("--serviceCluster");
      arguments.add(gateway.serviceAccount() + ".$(POD_NAMESPACE)");
    }
    DeploymentSettings.Logging logging = settings.logging();
    arguments.add("--proxyLogLevel");
    arguments.add(annotation("sidecar.istio.io/logLevel", logging.proxy()));
    arguments.add("--proxyComponentLogLevel");
    arguments.add(annotation("sidecar.istio.io/componentLogLevel", logging.components()));
    arguments.add("--log_output_level");
    arguments.add(annotation("sidecar.istio.io/agentLogLevel", logging.agent()));
    if (logging.json()) {
      arguments.add("--log_as_json");
    }
    return arguments;
  }

  private List<Object> ports() {
    List<Object> ports = new ArrayList<>();
    ports.add(port(15020, "metrics"));
    ports.add(port(15021, "status-port"));
    if (!kind.isAgent()) {
      ports.add(port(15090, "http-envoy-prom"));
    }
    return ports;
  }

  private static Map<String, Object> port(int port, String name) {
    return object("containerPort", port, "name", name, "protocol", "TCP");
  }

  private static Map<String, Object> probe(int failures, int delay, int period) {
    return object(
        "failureThreshold",
        failures,
        "httpGet",
        object("path", "/healthz/ready", "port", 15021, "scheme", "HTTP"),
        "initialDelaySeconds",
        delay,
        "periodSeconds",
        period,
        "successThreshold",
        1,
        "timeoutSeconds",
        1);
  }

  private List<Object> mounts() {
    List<Object> mounts = new ArrayList<>();
    if (kind.isAgent()) {
      mounts.add(mount("/var/run/secrets/xds", "istiod-ca-cert"));
      mounts.add(mount("/var/run/secrets/xds-tokens", "xds-token"));
      mounts.add(mount("/tmp", "tmp"));
      mounts.add(mount("/var/run/secrets/istio", "istiod-ca-cert"));
      mounts.add(mount("/var/run/secrets/tokens", "istio-token"));
      return mounts;
    }
    mounts.add(mount("/var/run/secrets/workload-spiffe-uds", "workload-socket"));
    if (!kind.isLikeWaypoint()) {
      mounts.add(mount("/var/run/secrets/credential-uds", "credential-socket"));
      mounts.add(mount("/var/run/secrets/workload-spiffe-credentials", "workload-certs"));
    }
    if (certificatesOfServer) {
      mounts.add(mount("/var/run/secrets/istio", "istiod-ca-cert"));
    }
    mounts.add(mount("/var/lib/istio/data", "istio-data"));
    mounts.add(mount("/etc/istio/proxy", "istio-envoy"));
    mounts.add(mount("/var/run/secrets/tokens", "istio-token"));
    mounts.add(mount("/etc/istio/pod", "istio-podinfo"));
    return mounts;
  }

  private static Map<String, Object> mount(String path, String volume) {
    return object("mountPath", path, "name", volume);
  }

  private List<Object> volumes() {
    List<Object> volumes = new ArrayList<>();
    if (kind.isAgent()) {
      volumes.add(empty("tmp"));
      volumes.add(token("xds-token", settings.server().tokenAudience()));
      volumes.add(token("istio-token", settings.server().tokenAudience()));
    } else {
      volumes.add(empty("workload-socket"));
      if (!kind.isLikeWaypoint()) {
        volumes.add(empty("credential-socket"));
        volumes.add(empty("workload-certs"));
      }
      volumes.add(inMemory("istio-envoy"));
      if (kind.isLikeWaypoint()) {
        volumes.add(inMemory("go-proxy-envoy"));
      }
      volumes.add(empty("istio-data"));
      if (kind.isLikeWaypoint()) {
        volumes.add(empty("go-proxy-data"));
      }
      volumes.add(podInfo());
      volumes.add(
          token(
              "istio-token",
              kind.isLikeWaypoint() ? "istio-ca" : settings.server().tokenAudience()));
    }
    if (certificatesOfServer) {
      volumes.add(
          object("name", "istiod-ca-cert", "configMap", object("name", "istio-ca-root-cert")));
    }
    return volumes;
  }

  private static Map<String, Object> empty(String name) {
    return object("name", name, "emptyDir", object());
  }

  private static Map<String, Object> inMemory(String name) {
    return object("name", name, "emptyDir", object("medium", "Memory"));
  }

  private static Map<String, Object> podInfo() {
    List<Object> items = new ArrayList<>();
    for (String part : List.of("labels", "annotations")) {
      items.add(object("path", part, "fieldRef", object("fieldPath", "metadata." + part)));
    }
    return object("name", "istio-podinfo", "downwardAPI", object("items", items));
  }

  private static Map<String, Object> token(String name, String audience) {
    return object(
        "name",
        name,
        "projected",
        object(
            "sources",
            List.of(
                object(
                    "serviceAccountToken",
                    object("audience", audience, "expirationSeconds", 43200, "path", name)))));
  }
}
