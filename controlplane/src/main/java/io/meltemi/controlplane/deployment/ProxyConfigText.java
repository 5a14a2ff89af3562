package io.meltemi.controlplane.deployment;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.config.mesh.ProxyConfig;
import java.time.Duration;
import java.util.List;

/** The settings of a proxy as its agent reads them: JSON of what is not as usual. */
final class ProxyConfigText {
  private final Struct.Builder fields = Struct.newBuilder();

  private ProxyConfigText() {}

  static String of(ProxyConfig config) {
    ProxyConfigText text = new ProxyConfigText();
    text.write(config, ProxyConfig.DEFAULT);
    try {
      return JsonFormat.printer().omittingInsignificantWhitespace().print(text.fields);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a struct is always JSON", e);
    }
  }

  private void write(ProxyConfig config, ProxyConfig usual) {
    config.concurrency().ifPresent(threads -> put("concurrency", number(threads)));
    addresses(config.addresses(), usual.addresses());
    durations(config.durations(), usual.durations());
    if (config.interceptionMode() != usual.interceptionMode()) {
      put("interceptionMode", text(config.interceptionMode().name()));
    }
    if (!config.metadata().isEmpty()) {
      Struct.Builder metadata = Struct.newBuilder();
      config.metadata().forEach((name, value) -> metadata.putFields(name, text(value)));
      put("proxyMetadata", value(metadata));
    }
    if (!config.imageType().isEmpty()) {
      put("image", value(Struct.newBuilder().putFields("imageType", text(config.imageType()))));
    }
    if (!config.gatewayTopology().equals(usual.gatewayTopology())) {
      topology(config.gatewayTopology());
    }
    if (!config.statsMatcher().equals(usual.statsMatcher())) {
      Struct.Builder matcher = Struct.newBuilder();
      list(matcher, "inclusionPrefixes", config.statsMatcher().inclusionPrefixes());
      list(matcher, "inclusionSuffixes", config.statsMatcher().inclusionSuffixes());
      list(matcher, "inclusionRegexps", config.statsMatcher().inclusionRegexps());
      put("proxyStatsMatcher", value(matcher));
    }
    if (config.switches().holdApplicationUntilProxyStarts()) {
      put("holdApplicationUntilProxyStarts", Value.newBuilder().setBoolValue(true).build());
    }
  }

  private void addresses(ProxyConfig.Addresses addresses, ProxyConfig.Addresses usual) {
    if (!addresses.discoveryAddress().equals(usual.discoveryAddress())) {
      put("discoveryAddress", text(addresses.discoveryAddress()));
    }
    if (addresses.adminPort() != usual.adminPort()) {
      put("proxyAdminPort", number(addresses.adminPort()));
    }
    if (addresses.statusPort() != usual.statusPort()) {
      put("statusPort", number(addresses.statusPort()));
    }
    if (!addresses.serviceCluster().equals(usual.serviceCluster())) {
      put("serviceCluster", text(addresses.serviceCluster()));
    }
  }

  private void durations(ProxyConfig.Durations durations, ProxyConfig.Durations usual) {
    if (!durations.drain().equals(usual.drain())) {
      put("drainDuration", seconds(durations.drain()));
    }
    if (!durations.terminationDrain().equals(usual.terminationDrain())) {
      put("terminationDrainDuration", seconds(durations.terminationDrain()));
    }
    durations.minimumDrain().ifPresent(time -> put("minimumDrainDuration", seconds(time)));
  }

  private void topology(ProxyConfig.GatewayTopology topology) {
    Struct.Builder fieldsOfTopology = Struct.newBuilder();
    if (topology.numTrustedProxies() > 0) {
      fieldsOfTopology.putFields("numTrustedProxies", number(topology.numTrustedProxies()));
    }
    if (topology.forwardClientCertDetails()
        != ProxyConfig.GatewayTopology.ForwardClientCert.UNDEFINED) {
      fieldsOfTopology.putFields(
          "forwardClientCertDetails", text(topology.forwardClientCertDetails().name()));
    }
    if (topology.proxyProtocol()) {
      fieldsOfTopology.putFields("proxyProtocol", value(Struct.newBuilder()));
    }
    put("gatewayTopology", value(fieldsOfTopology));
  }

  private static void list(Struct.Builder into, String name, List<String> items) {
    if (!items.isEmpty()) {
      ListValue.Builder values = ListValue.newBuilder();
      items.forEach(item -> values.addValues(text(item)));
      into.putFields(name, Value.newBuilder().setListValue(values).build());
    }
  }

  private void put(String name, Value value) {
    fields.putFields(name, value);
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private static Value number(double value) {
    return Value.newBuilder().setNumberValue(value).build();
  }

  private static Value value(Struct.Builder struct) {
    return Value.newBuilder().setStructValue(struct).build();
  }

  private static Value seconds(Duration duration) {
    return text(
        java.math.BigDecimal.valueOf(duration.toMillis(), 3).stripTrailingZeros().toPlainString()
            + "s");
  }
}
