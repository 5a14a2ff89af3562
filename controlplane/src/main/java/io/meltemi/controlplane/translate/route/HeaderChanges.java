package io.meltemi.controlplane.translate.route;

import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.meltemi.config.kind.virtualservice.HeaderOperations;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Istio's header operations in Envoy's form. What overwrites stands before what appends; each part
 * is sorted by name.
 *
 * @param authority the new {@code :authority} of requests, which Envoy sets by a rewrite; may be
 *     empty
 */
record HeaderChanges(
    List<HeaderValueOption> requestAdd,
    List<String> requestRemove,
    List<HeaderValueOption> responseAdd,
    List<String> responseRemove,
    String authority) {

  static HeaderChanges of(HeaderOperations operations) {
    String authority = "";
    List<HeaderValueOption> requestAdd = new ArrayList<>();
    for (Map.Entry<String, String> entry : operations.request().set().entrySet()) {
      if (isAuthority(entry.getKey())) {
        authority = entry.getValue();
      } else {
        requestAdd.add(set(entry));
      }
    }
    for (Map.Entry<String, String> entry : operations.request().add().entrySet()) {
      if (isAuthority(entry.getKey())) {
        authority = entry.getValue();
      } else {
        requestAdd.add(add(entry));
      }
    }
    List<HeaderValueOption> responseAdd = new ArrayList<>();
    operations.response().set().entrySet().forEach(entry -> responseAdd.add(set(entry)));
    operations.response().add().entrySet().forEach(entry -> responseAdd.add(add(entry)));
    return new HeaderChanges(
        requestAdd,
        operations.request().remove(),
        responseAdd,
        operations.response().remove(),
        authority);
  }

  private static boolean isAuthority(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.equals(":authority") || lower.equals("host");
  }

  private static HeaderValueOption set(Map.Entry<String, String> entry) {
    return add(entry).toBuilder()
        .setAppendAction(HeaderValueOption.HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)
        .build();
  }

  private static HeaderValueOption add(Map.Entry<String, String> entry) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(entry.getKey()).setValue(entry.getValue()))
        .build();
  }
}
