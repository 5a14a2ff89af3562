package io.meltemi.config.kind.destinationrule;

import io.meltemi.config.kind.destinationrule.TrafficPolicy.PortPolicy;
import io.meltemi.config.kind.destinationrule.TrafficPolicy.ProxyProtocolVersion;
import io.meltemi.config.kind.destinationrule.TrafficPolicy.RetryBudget;
import io.meltemi.config.kind.destinationrule.TrafficPolicy.Tunnel;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.ClientTlsParser;
import io.meltemi.config.traffic.ConnectionPoolParser;
import io.meltemi.config.traffic.OutlierDetectionParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads {@code trafficPolicy} of a rule or a subset. */
final class TrafficPolicyParser {
  private static final List<String> FIELDS =
      List.of("loadBalancer", "connectionPool", "outlierDetection", "tls");

  private TrafficPolicyParser() {}

  static TrafficPolicy parse(ObjectReader reader) {
    Optional<ProxyProtocolVersion> proxyProtocol =
        reader.object(
            "proxyProtocol",
            r ->
                r.enumeration("version", ProxyProtocolVersion.class)
                    .orElse(ProxyProtocolVersion.V1));
    TrafficPolicy policy =
        new TrafficPolicy(
            reader.object("loadBalancer", LoadBalancerParser::parse),
            reader.object("connectionPool", ConnectionPoolParser::parse),
            reader.object("outlierDetection", OutlierDetectionParser::parse),
            reader.object("tls", ClientTlsParser::parse),
            reader.objects("portLevelSettings", TrafficPolicyParser::port),
            reader.object("tunnel", TrafficPolicyParser::tunnel),
            proxyProtocol,
            reader.object("retryBudget", TrafficPolicyParser::retryBudget));
    checkFailover(reader, policy.loadBalancer());
    if (FIELDS.stream().noneMatch(reader::has)
        && reader.isEmpty("portLevelSettings")
        && !reader.has("tunnel")
        && !reader.has("proxyProtocol")
        && !reader.has("retryBudget")) {
      reader.error("", "nothing set", "at least one of " + String.join(", ", FIELDS));
    }
    if (reader.has("tunnel") && reader.has("proxyProtocol")) {
      reader.error("proxyProtocol", "proxyProtocol beside tunnel", "only one of the two");
    }
    return policy;
  }

  private static PortPolicy port(ObjectReader reader) {
    OptionalInt port =
        reader.object("port", r -> r.integer("number", 1, 65535)).orElse(OptionalInt.empty());
    if (!reader.has("port")) {
      reader.error("port", "nothing", "port.number from 1 to 65535");
    }
    if (FIELDS.stream().noneMatch(reader::has)) {
      reader.error("", "nothing set", "at least one of " + String.join(", ", FIELDS));
    }
    Optional<LoadBalancer> loadBalancer = reader.object("loadBalancer", LoadBalancerParser::parse);
    checkFailover(reader, loadBalancer);
    return new PortPolicy(
        port.orElse(0),
        loadBalancer,
        reader.object("connectionPool", ConnectionPoolParser::parse),
        reader.object("outlierDetection", OutlierDetectionParser::parse),
        reader.object("tls", ClientTlsParser::parse));
  }

  /** Without outlier detection no locality is ever found failing. */
  private static void checkFailover(ObjectReader reader, Optional<LoadBalancer> loadBalancer) {
    boolean failover =
        loadBalancer
            .flatMap(LoadBalancer::localityLb)
            .map(
                locality ->
                    !locality.failover().isEmpty() || !locality.failoverPriority().isEmpty())
            .orElse(false);
    if (failover && !reader.has("outlierDetection")) {
      reader.warn(
          "loadBalancer", "failover", "outlierDetection beside it, by which failing is noticed");
    }
  }

  private static Tunnel tunnel(ObjectReader reader) {
    String protocol = reader.string("protocol");
    if (!protocol.isEmpty() && !protocol.equals("CONNECT") && !protocol.equals("POST")) {
      reader.error("protocol", '"' + protocol + '"', "CONNECT or POST");
    }
    String host = reader.string("targetHost");
    if (!Names.isFqdn(host) && !Names.isIp(host)) {
      reader.error(
          "targetHost", host.isEmpty() ? "nothing" : '"' + host + '"', "a host name or an address");
    }
    reader.require("targetPort", "a port from 1 to 65535");
    return new Tunnel(
        protocol.equals("POST"), host, reader.integer("targetPort", 1, 65535).orElse(0));
  }

  private static RetryBudget retryBudget(ObjectReader reader) {
    return new RetryBudget(
        reader.number("percent", 0, 100),
        reader.unsigned("minRetryConcurrency"),
        reader.duration("budgetInterval"));
  }
}
