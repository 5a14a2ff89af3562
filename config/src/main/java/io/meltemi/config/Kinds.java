package io.meltemi.config;

import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicyParser;
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
import io.meltemi.config.kind.envoyfilter.EnvoyFilter;
import io.meltemi.config.kind.envoyfilter.EnvoyFilterParser;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.gateway.GatewayParser;
import io.meltemi.config.kind.gatewayapi.BackendTlsPolicy;
import io.meltemi.config.kind.gatewayapi.BackendTlsPolicyParser;
import io.meltemi.config.kind.gatewayapi.BackendTrafficPolicy;
import io.meltemi.config.kind.gatewayapi.BackendTrafficPolicyParser;
import io.meltemi.config.kind.gatewayapi.GatewayClass;
import io.meltemi.config.kind.gatewayapi.GatewayClassParser;
import io.meltemi.config.kind.gatewayapi.GrpcRoute;
import io.meltemi.config.kind.gatewayapi.GrpcRouteParser;
import io.meltemi.config.kind.gatewayapi.HttpRoute;
import io.meltemi.config.kind.gatewayapi.HttpRouteParser;
import io.meltemi.config.kind.gatewayapi.KubernetesGateway;
import io.meltemi.config.kind.gatewayapi.KubernetesGatewayParser;
import io.meltemi.config.kind.gatewayapi.ListenerSet;
import io.meltemi.config.kind.gatewayapi.ListenerSetParser;
import io.meltemi.config.kind.gatewayapi.ReferenceGrant;
import io.meltemi.config.kind.gatewayapi.ReferenceGrantParser;
import io.meltemi.config.kind.gatewayapi.StreamRoute;
import io.meltemi.config.kind.gatewayapi.StreamRouteParser;
import io.meltemi.config.kind.inferencepool.InferencePool;
import io.meltemi.config.kind.inferencepool.InferencePoolParser;
import io.meltemi.config.kind.ingress.Ingress;
import io.meltemi.config.kind.ingress.IngressClass;
import io.meltemi.config.kind.ingress.IngressClassParser;
import io.meltemi.config.kind.ingress.IngressParser;
import io.meltemi.config.kind.namespace.Namespace;
import io.meltemi.config.kind.node.Node;
import io.meltemi.config.kind.node.NodeParser;
import io.meltemi.config.kind.peerauthentication.PeerAuthentication;
import io.meltemi.config.kind.peerauthentication.PeerAuthenticationParser;
import io.meltemi.config.kind.pod.Pod;
import io.meltemi.config.kind.pod.PodParser;
import io.meltemi.config.kind.proxyconfig.ProxyConfigParser;
import io.meltemi.config.kind.proxyconfig.ProxyConfigResource;
import io.meltemi.config.kind.secret.Secret;
import io.meltemi.config.kind.secret.SecretParser;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.kind.service.ServiceParser;
import io.meltemi.config.kind.serviceaccount.ServiceAccount;
import io.meltemi.config.kind.serviceentry.ServiceEntry;
import io.meltemi.config.kind.serviceentry.ServiceEntryParser;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.kind.sidecar.SidecarParser;
import io.meltemi.config.kind.trafficextension.TrafficExtension;
import io.meltemi.config.kind.trafficextension.TrafficExtensionParser;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.kind.virtualservice.VirtualServiceParser;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.kind.workloadentry.WorkloadEntryParser;
import io.meltemi.config.kind.workloadgroup.WorkloadGroup;
import io.meltemi.config.kind.workloadgroup.WorkloadGroupParser;
import io.meltemi.config.mesh.MeshConfigParser;
import io.meltemi.config.mesh.MeshNetworksParser;
import io.meltemi.config.resource.ResourceKind;
import java.util.List;
import java.util.Map;

/** Every kind of resource that is understood; a new kind is one more line here. */
public final class Kinds {
  private static final String NETWORKING = "networking.istio.io";
  private static final String GATEWAY_API = "gateway.networking.k8s.io";
  private static final List<String> NETWORKING_VERSIONS = List.of("v1", "v1beta1", "v1alpha3");
  private static final String SECURITY = "security.istio.io";
  private static final String EXTENSIONS = "extensions.istio.io";
  private static final List<String> SECURITY_VERSIONS = List.of("v1", "v1beta1");

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
          List.of());

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

  public static final ResourceKind<GatewayClass> GATEWAY_CLASS =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1beta1"),
          "GatewayClass",
          "gatewayclasses",
          false,
          GatewayClass.class,
          GatewayClassParser::parse,
          NotYetTranslated.GATEWAY_CLASS);

  public static final ResourceKind<KubernetesGateway> KUBERNETES_GATEWAY =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1beta1"),
          "Gateway",
          "gateways",
          true,
          KubernetesGateway.class,
          KubernetesGatewayParser::parse,
          NotYetTranslated.KUBERNETES_GATEWAY);

  public static final ResourceKind<ListenerSet> LISTENER_SET =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1"),
          "ListenerSet",
          "listenersets",
          true,
          ListenerSet.class,
          ListenerSetParser::parse,
          List.of());

  public static final ResourceKind<HttpRoute> HTTP_ROUTE =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1beta1"),
          "HTTPRoute",
          "httproutes",
          true,
          HttpRoute.class,
          HttpRouteParser::parse,
          NotYetTranslated.HTTP_ROUTE);

  public static final ResourceKind<GrpcRoute> GRPC_ROUTE =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1"),
          "GRPCRoute",
          "grpcroutes",
          true,
          GrpcRoute.class,
          GrpcRouteParser::parse,
          NotYetTranslated.HTTP_ROUTE);

  public static final ResourceKind<StreamRoute> TLS_ROUTE =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1alpha3", "v1alpha2"),
          "TLSRoute",
          "tlsroutes",
          true,
          StreamRoute.class,
          StreamRouteParser::parseTls,
          NotYetTranslated.STREAM_ROUTE);

  public static final ResourceKind<StreamRoute> TCP_ROUTE =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1alpha2"),
          "TCPRoute",
          "tcproutes",
          true,
          StreamRoute.class,
          StreamRouteParser::parse,
          NotYetTranslated.STREAM_ROUTE);

  public static final ResourceKind<StreamRoute> UDP_ROUTE =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1alpha2"),
          "UDPRoute",
          "udproutes",
          true,
          StreamRoute.class,
          StreamRouteParser::parse,
          NotYetTranslated.UDP_ROUTE);

  public static final ResourceKind<ReferenceGrant> REFERENCE_GRANT =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1beta1"),
          "ReferenceGrant",
          "referencegrants",
          true,
          ReferenceGrant.class,
          ReferenceGrantParser::parse,
          List.of());

  public static final ResourceKind<BackendTlsPolicy> BACKEND_TLS_POLICY =
      new ResourceKind<>(
          GATEWAY_API,
          List.of("v1", "v1alpha3"),
          "BackendTLSPolicy",
          "backendtlspolicies",
          true,
          BackendTlsPolicy.class,
          BackendTlsPolicyParser::parse,
          List.of());

  public static final ResourceKind<BackendTrafficPolicy> BACKEND_TRAFFIC_POLICY =
      new ResourceKind<>(
          "gateway.networking.x-k8s.io",
          List.of("v1alpha1"),
          "XBackendTrafficPolicy",
          "xbackendtrafficpolicies",
          true,
          BackendTrafficPolicy.class,
          BackendTrafficPolicyParser::parse,
          NotYetTranslated.BACKEND_TRAFFIC_POLICY);

  public static final ResourceKind<InferencePool> INFERENCE_POOL =
      new ResourceKind<>(
          "inference.networking.k8s.io",
          List.of("v1"),
          "InferencePool",
          "inferencepools",
          true,
          InferencePool.class,
          InferencePoolParser::parse,
          NotYetTranslated.INFERENCE_POOL);

  public static final ResourceKind<Ingress> INGRESS =
      new ResourceKind<>(
          "networking.k8s.io",
          List.of("v1"),
          "Ingress",
          "ingresses",
          true,
          Ingress.class,
          IngressParser::parse,
          List.of());

  public static final ResourceKind<IngressClass> INGRESS_CLASS =
      new ResourceKind<>(
          "networking.k8s.io",
          List.of("v1"),
          "IngressClass",
          "ingressclasses",
          false,
          IngressClass.class,
          IngressClassParser::parse,
          List.of());

  public static final ResourceKind<Secret> SECRET =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "Secret",
          "secrets",
          true,
          Secret.class,
          SecretParser::parse,
          List.of());

  public static final ResourceKind<EnvoyFilter> ENVOY_FILTER =
      new ResourceKind<>(
          NETWORKING,
          List.of("v1alpha3"),
          "EnvoyFilter",
          "envoyfilters",
          true,
          EnvoyFilter.class,
          EnvoyFilterParser::parse,
          NotYetTranslated.ENVOY_FILTER);

  public static final ResourceKind<PeerAuthentication> PEER_AUTHENTICATION =
      new ResourceKind<>(
          SECURITY,
          SECURITY_VERSIONS,
          "PeerAuthentication",
          "peerauthentications",
          true,
          PeerAuthentication.class,
          PeerAuthenticationParser::parse,
          List.of());

  public static final ResourceKind<AuthorizationPolicy> AUTHORIZATION_POLICY =
      new ResourceKind<>(
          SECURITY,
          SECURITY_VERSIONS,
          "AuthorizationPolicy",
          "authorizationpolicies",
          true,
          AuthorizationPolicy.class,
          AuthorizationPolicyParser::parse,
          NotYetTranslated.AUTHORIZATION_POLICY);

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

  public static final ResourceKind<TrafficExtension> WASM_PLUGIN =
      new ResourceKind<>(
          EXTENSIONS,
          List.of("v1alpha1"),
          "WasmPlugin",
          "wasmplugins",
          true,
          TrafficExtension.class,
          TrafficExtensionParser::parsePlugin,
          NotYetTranslated.WASM_PLUGIN);

  public static final ResourceKind<TrafficExtension> TRAFFIC_EXTENSION =
      new ResourceKind<>(
          EXTENSIONS,
          List.of("v1alpha1"),
          "TrafficExtension",
          "trafficextensions",
          true,
          TrafficExtension.class,
          TrafficExtensionParser::parse,
          NotYetTranslated.TRAFFIC_EXTENSION);

  public static final ResourceKind<ConfigMap> CONFIG_MAP =
      new ResourceKind<>(
          "",
          List.of("v1"),
          "ConfigMap",
          "configmaps",
          true,
          ConfigMap.class,
          new ConfigMapParser(
              Map.of(
                  "istio/mesh",
                  MeshConfigParser::parseEmbedded,
                  "istio/meshNetworks",
                  MeshNetworksParser::parseEmbedded)),
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
          GATEWAY_CLASS,
          KUBERNETES_GATEWAY,
          LISTENER_SET,
          HTTP_ROUTE,
          GRPC_ROUTE,
          TLS_ROUTE,
          TCP_ROUTE,
          UDP_ROUTE,
          REFERENCE_GRANT,
          BACKEND_TLS_POLICY,
          BACKEND_TRAFFIC_POLICY,
          INFERENCE_POOL,
          INGRESS,
          INGRESS_CLASS,
          ENVOY_FILTER,
          WASM_PLUGIN,
          TRAFFIC_EXTENSION,
          PEER_AUTHENTICATION,
          AUTHORIZATION_POLICY,
          SERVICE,
          ENDPOINTS,
          ENDPOINT_SLICE,
          POD,
          DEPLOYMENT,
          NAMESPACE,
          NODE,
          SERVICE_ACCOUNT,
          CONFIG_MAP,
          SECRET);

  private Kinds() {}
}
