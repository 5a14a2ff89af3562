package io.meltemi.proxy.http.filter.alpn;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.IstioMessages;
import io.meltemi.proxy.parse.ParseScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Parses which protocols are offered by ALPN instead of the cluster's, by the protocol that is
 * spoken to the server.
 */
public final class AlpnFilterFactory implements HttpFilterFactory {
  private static final int HTTP_1_0 = 0;
  private static final int HTTP_1_1 = 1;
  private static final int HTTP_2 = 2;
  private static final int NAME_BYTES_MAX = 255;

  private final ClusterManager clusters;

  public AlpnFilterFactory(ClusterManager clusters) {
    this.clusters = clusters;
  }

  @Override
  public String name() {
    return "istio.alpn";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/" + IstioMessages.ALPN_NAME);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    DynamicMessage message;
    try {
      message = DynamicMessage.parseFrom(IstioMessages.ALPN, config.getValue());
    } catch (InvalidProtocolBufferException e) {
      scope.error(config.getTypeUrl(), "a well-formed FilterConfig: " + e.getMessage());
      return Optional.empty();
    }
    if (!message.getUnknownFields().asMap().isEmpty()) {
      scope.unsupported("fields " + message.getUnknownFields().asMap().keySet());
      return Optional.empty();
    }
    List<List<String>> lists = new ArrayList<>(List.of(List.of(), List.of(), List.of()));
    FieldDescriptor overrides = IstioMessages.ALPN.findFieldByName("alpn_override");
    for (int i = 0; i < message.getRepeatedFieldCount(overrides); i++) {
      override(
          (Message) message.getRepeatedField(overrides, i), scope.field("alpn_override", i), lists);
    }
    return Optional.of(
        context ->
            new AlpnFilter(
                context, clusters, lists.get(HTTP_1_0), lists.get(HTTP_1_1), lists.get(HTTP_2)));
  }

  private static void override(Message override, ParseScope scope, List<List<String>> lists) {
    var type = override.getDescriptorForType();
    int protocol =
        ((EnumValueDescriptor) override.getField(type.findFieldByName("upstream_protocol")))
            .getNumber();
    if (protocol < HTTP_1_0 || protocol > HTTP_2) {
      scope.field("upstream_protocol").error(String.valueOf(protocol), "HTTP10, HTTP11 or HTTP2");
      return;
    }
    FieldDescriptor field = type.findFieldByName("alpn_override");
    List<String> names = new ArrayList<>();
    for (int i = 0; i < override.getRepeatedFieldCount(field); i++) {
      String name = (String) override.getRepeatedField(field, i);
      if (name.isEmpty() || name.length() > NAME_BYTES_MAX) {
        scope.field("alpn_override", i).error(name, "1 to " + NAME_BYTES_MAX + " characters");
      }
      names.add(name);
    }
    lists.set(protocol, List.copyOf(names));
  }
}
