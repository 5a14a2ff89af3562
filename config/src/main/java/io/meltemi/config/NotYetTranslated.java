package io.meltemi.config;

import java.util.List;
import java.util.stream.Stream;

/**
 * Fields that are parsed and validated but do not change traffic yet. A resource that sets one gets
 * a warning. Whoever translates a field takes its line away here; patterns are those of {@link
 * io.meltemi.config.yaml.FieldPatterns}.
 */
final class NotYetTranslated {
  private static final List<String> TRAFFIC_POLICY =
      List.of(
          "loadBalancer.backendUtilization",
          "loadBalancer.zoneAwareLbSetting",
          "outlierDetection.outlierDetectionHttpErrorCodes",
          "retryBudget.budgetInterval");

  static final List<String> VIRTUAL_SERVICE = List.of();

  static final List<String> DESTINATION_RULE =
      Stream.of(
              "spec.trafficPolicy.",
              "spec.trafficPolicy.portLevelSettings[].",
              "spec.subsets[].trafficPolicy.",
              "spec.subsets[].trafficPolicy.portLevelSettings[].")
          .flatMap(prefix -> TRAFFIC_POLICY.stream().map(prefix::concat))
          .toList();

  static final List<String> GATEWAY = List.of("spec.servers[].defaultEndpoint");

  static final List<String> SERVICE_ENTRY = List.of();

  static final List<String> SIDECAR = List.of("spec.ingress[].tls");

  static final List<String> ENVOY_FILTER =
      List.of(
          "spec.configPatches[].patch.filterClass!=UNSPECIFIED",
          "spec.configPatches[].match.waypoint",
          "spec.configPatches[].match.listener.filterChain.transportSocket");

  static final List<String> AUTHORIZATION_POLICY = List.of("spec.provider");

  static final List<String> PROXY_CONFIG = List.of("spec");

  static final List<String> GATEWAY_CLASS = List.of("spec.parametersRef");

  static final List<String> KUBERNETES_GATEWAY =
      List.of("spec.infrastructure.parametersRef", "spec.defaultScope");

  static final List<String> HTTP_ROUTE =
      List.of("spec.useDefaultGateways", "spec.rules[].sessionPersistence");

  static final List<String> STREAM_ROUTE = List.of("spec.useDefaultGateways");

  static final List<String> WASM_PLUGIN = List.of("spec.imagePullSecret", "spec.verificationKey");

  static final List<String> TRAFFIC_EXTENSION =
      List.of("spec.wasm.imagePullSecret", "spec.wasm.verificationKey");

  static final List<String> UDP_ROUTE = List.of("spec");

  static final List<String> BACKEND_TRAFFIC_POLICY = List.of("spec.sessionPersistence");

  static final List<String> INFERENCE_POOL = List.of("spec");

  private NotYetTranslated() {}
}
