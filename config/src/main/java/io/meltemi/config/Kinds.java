package io.meltemi.config;

import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.endpoints.Endpoints;
import io.meltemi.config.kind.endpointslice.EndpointSlice;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.namespace.Namespace;
import io.meltemi.config.kind.node.Node;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.proxyconfig.ProxyConfigResource;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.kind.serviceaccount.ServiceAccount;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.kind.workloadgroup.WorkloadGroup;
import io.meltemi.config.resource.ResourceKind;
import java.util.List;

/** Every kind of resource that is understood; a new kind is one more line here. */
public final class Kinds {
  public static final ResourceKind<VirtualService> VIRTUAL_SERVICE =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "VirtualService",
          "virtualservices",
          true,
          VirtualService.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<DestinationRule> DESTINATION_RULE =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "DestinationRule",
          "destinationrules",
          true,
          DestinationRule.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Gateway> GATEWAY =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "Gateway",
          "gateways",
          true,
          Gateway.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<ServiceEntry> SERVICE_ENTRY =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "ServiceEntry",
          "serviceentries",
          true,
          ServiceEntry.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Sidecar> SIDECAR =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "Sidecar",
          "sidecars",
          true,
          Sidecar.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<WorkloadEntry> WORKLOAD_ENTRY =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "WorkloadEntry",
          "workloadentries",
          true,
          WorkloadEntry.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<WorkloadGroup> WORKLOAD_GROUP =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1", "v1beta1", "v1alpha3"),
          "WorkloadGroup",
          "workloadgroups",
          true,
          WorkloadGroup.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<ProxyConfigResource> PROXY_CONFIG =
      new ResourceKind<>(
          "networking.istio.io",
          List.of("v1beta1"),
          "ProxyConfig",
          "proxyconfigs",
          true,
          ProxyConfigResource.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Service> SERVICE =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Service",
          "services",
          true,
          Service.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Endpoints> ENDPOINTS =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Endpoints",
          "endpoints",
          true,
          Endpoints.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<EndpointSlice> ENDPOINT_SLICE =
      new ResourceKind<>(
          "discovery.k8s.io",
          List.of("v1"),
          "EndpointSlice",
          "endpointslices",
          true,
          EndpointSlice.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Pod> POD =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Pod",
          "pods",
          true,
          Pod.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Deployment> DEPLOYMENT =
      new ResourceKind<>(
          "apps",
          List.of("v1"),
          "Deployment",
          "deployments",
          true,
          Deployment.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Namespace> NAMESPACE =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Namespace",
          "namespaces",
          false,
          Namespace.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<Node> NODE =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Node",
          "nodes",
          false,
          Node.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<ServiceAccount> SERVICE_ACCOUNT =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "ServiceAccount",
          "serviceaccounts",
          true,
          ServiceAccount.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
          List.of());

  public static final ResourceKind<ConfigMap> CONFIG_MAP =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "ConfigMap",
          "configmaps",
          true,
          ConfigMap.class,
          _ -> {
            throw new UnsupportedOperationException();
          },
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
