package io.meltemi.embedded.sidecar;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.common.net.HostPort;
import io.meltemi.controlplane.push.LocalPlacement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes the Envoy bootstrap of a pod's proxy, as Istio's agent would, with our placement. */
final class SidecarBootstrap {
  private SidecarBootstrap() {}

  /** The bootstrap as JSON; the same spec gives the same text. */
  public static String json(SidecarSpec spec) {
    String namespace = spec.pod().namespace();
    String dnsDomain = namespace + ".svc." + spec.domain();
    String id =
        "%s~%s~%s.%s~%s"
            .formatted(
                spec.gateway() ? "router" : "sidecar",
                spec.ip(),
                spec.pod().name(),
                namespace,
                dnsDomain);
    Value ads =
        object(
            "api_type", text("DELTA_GRPC"),
            "transport_api_version", text("V3"),
            "grpc_services",
                list(
                    object(
                        "google_grpc",
                        object(
                            "target_uri", text(spec.xds().toString()),
                            "stat_prefix", text("xds-grpc")))));
    Value source = object("ads", object(), "resource_api_version", text("V3"));
    Value bootstrap =
        object(
            "node",
                object(
                    "id", text(id),
                    "cluster", text(spec.workload() + "." + namespace),
                    "metadata", Value.newBuilder().setStructValue(metadata(spec)).build()),
            "admin", object("address", address(spec.admin())),
            "dynamic_resources",
                object("ads_config", ads, "cds_config", source, "lds_config", source));
    try {
      return JsonFormat.printer().print(bootstrap.getStructValue());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a struct has no other types to resolve", e);
    }
  }

  /** The node metadata alone. */
  static Struct metadata(SidecarSpec spec) {
    Map<String, Value> labels = new TreeMap<>();
    spec.labels().values().forEach((key, value) -> labels.put(key, text(value)));
    return object(
            "CLUSTER_ID", text("Kubernetes"),
            "INSTANCE_IPS", text(spec.ip()),
            "ISTIO_VERSION", text("1.32.0"),
            "LABELS", struct(labels),
            "MELTEMI_LOCAL", placement(spec.placement()),
            "NAME", text(spec.pod().name()),
            "NAMESPACE", text(spec.pod().namespace()),
            "NODE_NAME", text("localhost"),
            "SERVICE_ACCOUNT", text(spec.serviceAccount()),
            "WORKLOAD_NAME", text(spec.workload()))
        .getStructValue();
  }

  private static Value placement(LocalPlacement placement) {
    Map<String, Value> inbound = new TreeMap<>();
    placement
        .inbound()
        .forEach(
            (port, at) ->
                inbound.put(
                    port.toString(),
                    object("bind", text(at.bind().toString()), "app", text(at.app().toString()))));
    Map<String, Value> outbound = new TreeMap<>();
    placement
        .outbound()
        .forEach((service, bind) -> outbound.put(service.toString(), text(bind.toString())));
    Map<String, Value> gateway = new TreeMap<>();
    placement
        .gateway()
        .forEach((port, bind) -> gateway.put(port.toString(), text(bind.toString())));
    Map<String, Value> fields = new TreeMap<>();
    fields.put("inbound", struct(inbound));
    fields.put("outbound", struct(outbound));
    fields.put("gateway", struct(gateway));
    placement.httpProxy().ifPresent(bind -> fields.put("httpProxy", text(bind.toString())));
    return struct(fields);
  }

  private static Value address(HostPort address) {
    return object(
        "socket_address",
        object(
            "address", text(address.host()),
            "port_value", Value.newBuilder().setNumberValue(address.port()).build()));
  }

  /** An object of alternating names and values. */
  private static Value object(Object... namesAndValues) {
    Map<String, Value> fields = new TreeMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], (Value) namesAndValues[i + 1]);
    }
    return struct(fields);
  }

  private static Value struct(Map<String, Value> fields) {
    return Value.newBuilder().setStructValue(Struct.newBuilder().putAllFields(fields)).build();
  }

  private static Value list(Value... values) {
    return Value.newBuilder()
        .setListValue(ListValue.newBuilder().addAllValues(List.of(values)))
        .build();
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }
}
