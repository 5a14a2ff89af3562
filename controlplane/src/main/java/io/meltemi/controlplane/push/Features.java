package io.meltemi.controlplane.push;

import io.meltemi.config.Kinds;
import io.meltemi.config.resource.ResourceKind;
import java.util.Map;

/**
 * What can be switched on and off for a whole control plane, by the environment variables of
 * Istio's.
 *
 * @param revision resources that are labelled for another one are left out ({@code REVISION})
 * @param allocateAddresses give addresses to ServiceEntries without ({@code
 *     PILOT_ENABLE_IP_AUTOALLOCATE})
 * @param unreadyEndpoints whether proxies are told of endpoints that are not ready
 */
public record Features(
    String revision,
    boolean allocateAddresses,
    UnreadyEndpoints unreadyEndpoints,
    GatewayApi gatewayApi) {
  public static final Features DEFAULT =
      new Features("default", true, UnreadyEndpoints.AUTO, new GatewayApi(true, false, true, true));

  /** Whether proxies are told of endpoints that are not ready, as unhealthy. */
  public enum UnreadyEndpoints {
    /** Always ({@code PILOT_SEND_UNHEALTHY_ENDPOINTS}). */
    ALWAYS,
    /**
     * But where few healthy ones make proxies use all ({@code
     * PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS}).
     */
    AUTO,
    /** Only of services with a traffic distribution. */
    NEVER
  }

  /**
   * What is done with the Gateway API.
   *
   * @param enabled its objects count ({@code PILOT_ENABLE_GATEWAY_API})
   * @param alpha its X kinds count ({@code PILOT_ENABLE_ALPHA_GATEWAY_API})
   * @param status statuses are told ({@code PILOT_ENABLE_GATEWAY_API_STATUS})
   * @param deployment managed gateways are made ({@code
   *     PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER})
   */
  public record GatewayApi(boolean enabled, boolean alpha, boolean status, boolean deployment) {}

  /**
   * What an environment says; what it does not say is as in {@link #DEFAULT}.
   *
   * @throws IllegalArgumentException naming a variable whose value is not a truth value
   */
  public static Features of(Map<String, String> environment) {
    String revision = environment.getOrDefault("REVISION", "");
    return new Features(
        revision.isEmpty() ? DEFAULT.revision : revision,
        flag(environment, "PILOT_ENABLE_IP_AUTOALLOCATE", DEFAULT.allocateAddresses),
        flag(environment, "PILOT_SEND_UNHEALTHY_ENDPOINTS", false)
            ? UnreadyEndpoints.ALWAYS
            : flag(environment, "PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS", true)
                ? UnreadyEndpoints.AUTO
                : UnreadyEndpoints.NEVER,
        new GatewayApi(
            flag(environment, "PILOT_ENABLE_GATEWAY_API", DEFAULT.gatewayApi.enabled),
            flag(environment, "PILOT_ENABLE_ALPHA_GATEWAY_API", DEFAULT.gatewayApi.alpha),
            flag(environment, "PILOT_ENABLE_GATEWAY_API_STATUS", DEFAULT.gatewayApi.status),
            flag(
                environment,
                "PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER",
                DEFAULT.gatewayApi.deployment)));
  }

  private static boolean flag(Map<String, String> environment, String name, boolean otherwise) {
    String value = environment.getOrDefault(name, "");
    return switch (value) {
      case "" -> otherwise;
      case "true", "True", "TRUE", "t", "T", "1" -> true;
      case "false", "False", "FALSE", "f", "F", "0" -> false;
      default ->
          throw new IllegalArgumentException(
              name + ": found " + value + " (expected: true or false)");
    };
  }

  /** True for kinds that are not switched off. */
  boolean admits(ResourceKind<?> kind) {
    if (!kind.isGatewayApi()) {
      return true;
    }
    return gatewayApi.enabled && (gatewayApi.alpha || kind != Kinds.BACKEND_TRAFFIC_POLICY);
  }

  /** The same but for the addresses that are given. */
  public Features withAllocatedAddresses(boolean given) {
    return new Features(revision, given, unreadyEndpoints, gatewayApi);
  }
}
