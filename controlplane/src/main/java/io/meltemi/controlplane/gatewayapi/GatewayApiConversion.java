package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.destinationrule.DestinationRule;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.virtualservice.VirtualService;
import io.meltemi.config.resource.Resource;
import java.util.ArrayList;
import java.util.List;

/**
 * Everything that the Gateway API's objects come to.
 *
 * @param gateways one for each listener that can be served
 * @param virtualServices one for each host of a gateway or of the mesh
 * @param destinationRules one for each host that policies are for
 * @param statuses of every object that is ours
 */
public record GatewayApiConversion(
    List<Resource<Gateway>> gateways,
    List<Resource<VirtualService>> virtualServices,
    List<Resource<DestinationRule>> destinationRules,
    List<ObjectStatus> statuses) {
  public static final GatewayApiConversion NOTHING =
      new GatewayApiConversion(List.of(), List.of(), List.of(), List.of());

  public GatewayApiConversion {
    gateways = List.copyOf(gateways);
    virtualServices = List.copyOf(virtualServices);
    destinationRules = List.copyOf(destinationRules);
    statuses = List.copyOf(statuses);
  }

  /** Converts all objects of a snapshot. */
  public static GatewayApiConversion of(GatewayApiInputs inputs) {
    GatewayClasses classes = new GatewayClasses(inputs.snapshot());
    Grants grants = new Grants(inputs.snapshot());
    Gateways gateways = new Gateways(inputs, classes, grants);
    gateways.convert();
    Routes routes =
        new Routes(
            inputs,
            new Attachments(inputs.snapshot(), gateways, classes),
            new Rules(new Backends(inputs, grants)));
    routes.convert();
    BackendPolicies policies = new BackendPolicies(inputs);
    policies.convert();
    List<ObjectStatus> statuses = new ArrayList<>(classes.statuses());
    statuses.addAll(gateways.statuses(routes.attached()));
    statuses.addAll(routes.statuses());
    statuses.addAll(policies.statuses());
    return new GatewayApiConversion(
        gateways.servers(), routes.virtualServices(), policies.destinationRules(), statuses);
  }
}
