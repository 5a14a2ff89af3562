package io.meltemi.config;

import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.configmap.ConfigMapParser;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.deployment.DeploymentParser;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.destinationrule.DestinationRuleParser;
import io.meltemi.config.kind.endpoints.Endpoints;
import io.meltemi.config.kind.endpoints.EndpointsParser;
import io.meltemi.config.kind.endpointslice.EndpointSlice;
import io.meltemi.config.kind.endpointslice.EndpointSliceParser;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.gateway.GatewayParser;
import io.meltemi.config.kind.namespace.Namespace;
import io.meltemi.config.kind.node.Node;
import io.meltemi.config.kind.node.NodeParser;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.pod.PodParser;
import io.meltemi.config.kind.proxyconfig.ProxyConfigParser;
import io.meltemi.config.kind.proxyconfig.ProxyConfigResource;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.kind.service.ServiceParser;
import io.meltemi.config.kind.serviceaccount.ServiceAccount;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.kind.serviceentry.ServiceEntryParser;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.sidecar.SidecarParser;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.kind.virtualservice.VirtualServiceParser;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.kind.workloadentry.WorkloadEntryParser;
import io.meltemi.config.kind.workloadgroup.WorkloadGroup;
import io.meltemi.config.kind.workloadgroup.WorkloadGroupParser;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.resource.ResourceKind;
import java.util.List;
import java.util.Map;

/** Every kind of resource that is understood; a new kind is one more line here. */
public final class Kinds {
  private static final String NETWORKING = "networking.istio.io";
  private static final List<String> NETWORKING_VERSIONS = List.of("v1", "v1beta1", "v1alpha3");

  public static final ResourceKind<VirtualService> VIRTUAL_SERVICE =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "VirtualService",
          "virtualservices",
          true,
          VirtualService.class,
          VirtualServiceParser::parse,
          NotYetTranslated.VIRTUAL_SERVICE);

  public static final ResourceKind<DestinationRule> DESTINATION_RULE =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "DestinationRule",
          "destinationrules",
          true,
          DestinationRule.class,
          DestinationRuleParser::parse,
          NotYetTranslated.DESTINATION_RULE);

  public static final ResourceKind<Gateway> GATEWAY =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "Gateway",
          "gateways",
          true,
          Gateway.class,
          GatewayParser::parse,
          NotYetTranslated.GATEWAY);

  public static final ResourceKind<ServiceEntry> SERVICE_ENTRY =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "ServiceEntry",
          "serviceentries",
          true,
          ServiceEntry.class,
          ServiceEntryParser::parse,
          NotYetTranslated.SERVICE_ENTRY);

  public static final ResourceKind<Sidecar> SIDECAR =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "Sidecar",
          "sidecars",
          true,
          Sidecar.class,
          SidecarParser::parse,
          NotYetTranslated.SIDECAR);

  public static final ResourceKind<WorkloadEntry> WORKLOAD_ENTRY =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "WorkloadEntry",
          "workloadentries",
          true,
          WorkloadEntry.class,
          WorkloadEntryParser::parse,
          List.of());

  public static final ResourceKind<WorkloadGroup> WORKLOAD_GROUP =
      new ResourceKind<>(
          NETWORKING,
          NETWORKING_VERSIONS,
          "WorkloadGroup",
          "workloadgroups",
          true,
          WorkloadGroup.class,
          WorkloadGroupParser::parse,
          NotYetTranslated.WORKLOAD_GROUP);

  public static final ResourceKind<ProxyConfigResource> PROXY_CONFIG =
      new ResourceKind<>(
          NETWORKING,
          List.of("v1beta1"),
          "ProxyConfig",
          "proxyconfigs",
          true,
          ProxyConfigResource.class,
          ProxyConfigParser::parse,
          NotYetTranslated.PROXY_CONFIG);

  public static final ResourceKind<Service> SERVICE =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Service",
          "services",
          true,
          Service.class,
          ServiceParser::parse,
          List.of());

  public static final ResourceKind<Endpoints> ENDPOINTS =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Endpoints",
          "endpoints",
          true,
          Endpoints.class,
          EndpointsParser::parse,
          List.of());

  public static final ResourceKind<EndpointSlice> ENDPOINT_SLICE =
      new ResourceKind<>(
          "discovery.k8s.io",
          List.of("v1"),
          "EndpointSlice",
          "endpointslices",
          true,
          EndpointSlice.class,
          EndpointSliceParser::parse,
          List.of());

  public static final ResourceKind<Pod> POD =
      new ResourceKind<>(
          "", List.of("v1"), "Pod", "pods", true, Pod.class, PodParser::parse, List.of());

  public static final ResourceKind<Deployment> DEPLOYMENT =
      new ResourceKind<>(
          "apps",
          List.of("v1"),
          "Deployment",
          "deployments",
          true,
          Deployment.class,
          DeploymentParser::parse,
          List.of());

  public static final ResourceKind<Namespace> NAMESPACE =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Namespace",
          "namespaces",
          false,
          Namespace.class,
          (_, _) -> new Namespace(),
          List.of());

  public static final ResourceKind<Node> NODE =
      new ResourceKind<>(
          "", List.of("v1"), "Node", "nodes", false, Node.class, NodeParser::parse, List.of());

  public static final ResourceKind<ServiceAccount> SERVICE_ACCOUNT =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "ServiceAccount",
          "serviceaccounts",
          true,
          ServiceAccount.class,
          (_, _) -> new ServiceAccount(),
          List.of());

  public static final ResourceKind<ConfigMap> CONFIG_MAP =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "ConfigMap",
          "configmaps",
          true,
          ConfigMap.class,
          new ConfigMapParser(Map.of("istio/mesh", MeshConfigParser::parseEmbedded)),
          List.of());

  /** All of them, in the order in which people list them. */
  public static final List<ResourceKind<?>> ALL =
      List.of(
          VIRTUAL_SERVICE,
          DESTINATION_RULE,
          GATEWAY,
          SERVICE_ENTRY,
          SIDECAR,
          WORKLOAD_ENTRY,
          WORKLOAD_GROUP,
          PROXY_CONFIG,
          SERVICE,
          ENDPOINTS,
          ENDPOINT_SLICE,
          POD,
          DEPLOYMENT,
          NAMESPACE,
          NODE,
          SERVICE_ACCOUNT,
          CONFIG_MAP);

  private Kinds() {}
}
