package io.meltemi.controlplane.translate;

import com.google.protobuf.Duration;
import io.envoyproxy.envoy.config.core.v3.AggregatedConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiConfigSource;
import io.envoyproxy.envoy.config.core.v3.ApiVersion;
import io.envoyproxy.envoy.config.core.v3.ConfigSource;
import io.envoyproxy.envoy.config.core.v3.GrpcService;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig;

/**
 * Where proxies get certificates, keys and roots of trust from (SDS), under Istio's names: the
 * workload's own and those in files from the agent beside the proxy, those in Kubernetes from the
 * control plane.
 */
final class Secrets {
  private static final String AGENT_CLUSTER = "sds-grpc";

  /** Added to the name of a credential for the roots that came with it. */
  private static final String ROOTS_SUFFIX = "-cacert";

  /** The workload's own certificate under the name of a credential. */
  private static final String BUILTIN = "builtin://";

  private static final ConfigSource AGENT =
      ConfigSource.newBuilder()
          .setApiConfigSource(
              ApiConfigSource.newBuilder()
                  .setApiType(ApiConfigSource.ApiType.GRPC)
                  .setTransportApiVersion(ApiVersion.V3)
                  .setSetNodeOnFirstMessageOnly(true)
                  .addGrpcServices(
                      GrpcService.newBuilder()
                          .setEnvoyGrpc(
                              GrpcService.EnvoyGrpc.newBuilder().setClusterName(AGENT_CLUSTER))))
          .setResourceApiVersion(ApiVersion.V3)
          .build();

  private static final ConfigSource CONTROL_PLANE =
      ConfigSource.newBuilder()
          .setAds(AggregatedConfigSource.getDefaultInstance())
          .setResourceApiVersion(ApiVersion.V3)
          .build();

  /** The certificate and key of the workload. */
  static final SdsSecretConfig WORKLOAD = ofWorkload("default");

  /** The roots that workloads of the mesh are trusted by. */
  static final SdsSecretConfig ROOTS = ofWorkload("ROOTCA");

  private Secrets() {}

  /** Waited for without limit: nothing works without them. */
  private static SdsSecretConfig ofWorkload(String name) {
    return SdsSecretConfig.newBuilder()
        .setName(name)
        .setSdsConfig(AGENT.toBuilder().setInitialFetchTimeout(Duration.getDefaultInstance()))
        .build();
  }

  /** A certificate and its key in files that the agent can read. */
  static SdsSecretConfig certificateFiles(String certificate, String privateKey) {
    return ofAgent("file-cert:" + certificate + '~' + privateKey);
  }

  /** Roots of trust in a file that the agent can read; {@code system} means those of its system. */
  static SdsSecretConfig rootsFile(String roots) {
    return ofAgent("file-root:" + roots);
  }

  private static SdsSecretConfig ofAgent(String name) {
    return SdsSecretConfig.newBuilder().setName(name).setSdsConfig(AGENT).build();
  }

  /**
   * A certificate and its key in a Kubernetes secret.
   *
   * @param name of the secret, or a name that tells its kind itself such as {@code
   *     configmap://NAMESPACE/NAME}
   */
  static SdsSecretConfig credential(String name) {
    if (name.equals(BUILTIN)) {
      return WORKLOAD;
    }
    if (name.equals(BUILTIN + ROOTS_SUFFIX)) {
      return ROOTS;
    }
    return SdsSecretConfig.newBuilder()
        .setName(name.contains("://") ? name : "kubernetes://" + name)
        .setSdsConfig(CONTROL_PLANE)
        .build();
  }

  /** The roots of trust that belong to a credential. */
  static SdsSecretConfig credentialRoots(String name) {
    return credential(name.endsWith(ROOTS_SUFFIX) ? name : name + ROOTS_SUFFIX);
  }
}
