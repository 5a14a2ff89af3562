package io.meltemi.proxy.http.filter.extauthz;

import com.google.protobuf.Struct;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.QueryParameter;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.envoyproxy.envoy.service.auth.v3.CheckResponse;
import io.envoyproxy.envoy.service.auth.v3.DeniedHttpResponse;
import io.envoyproxy.envoy.service.auth.v3.OkHttpResponse;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Action;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Change;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Outcome;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Parameter;
import io.meltemi.proxy.loop.LoopContext;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.meltemi.proxy.upstream.GrpcClient;
import io.meltemi.proxy.upstream.UpstreamCall;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Asks {@code envoy.service.auth.v3.Authorization/Check}. */
record GrpcAuthService(GrpcClient client, GrpcClient.Target target) implements AuthService {
  private static final String METHOD = "/envoy.service.auth.v3.Authorization/Check";
  private static final int FORBIDDEN = 403;

  @Override
  public UpstreamCall check(
      LoopContext loop, CheckRequest request, StreamInfo info, Consumer<Verdict> listener) {
    return client.call(
        loop,
        target,
        METHOD,
        request,
        CheckResponse.parser(),
        new GrpcClient.Listener<CheckResponse>() {
          @Override
          public void onAnswer(CheckResponse answer) {
            listener.accept(verdict(answer));
          }

          @Override
          public void onFailure(int status) {
            listener.accept(Verdict.ERROR);
          }
        });
  }

  private static Verdict verdict(CheckResponse answer) {
    Outcome outcome =
        answer.getStatus().getCode() == 0
            ? allowed(answer.getOkResponse())
            : denied(answer.getDeniedResponse());
    return new Verdict(outcome, Metadata.fields(metadata(answer)));
  }

  // the field of the answer took the place of the deprecated one, which wins where it is set
  @SuppressWarnings("deprecation")
  private static Struct metadata(CheckResponse answer) {
    return answer.getOkResponse().hasDynamicMetadata()
        ? answer.getOkResponse().getDynamicMetadata()
        : answer.getDynamicMetadata();
  }

  private static Outcome allowed(OkHttpResponse ok) {
    List<Parameter> query = new ArrayList<>(ok.getQueryParametersToSetCount());
    for (QueryParameter parameter : ok.getQueryParametersToSetList()) {
      query.add(new Parameter(parameter.getKey(), parameter.getValue()));
    }
    return new Outcome.Allowed(
        changes(ok.getHeadersList(), GrpcAuthService::requestAction),
        ok.getHeadersToRemoveList(),
        changes(ok.getResponseHeadersToAddList(), GrpcAuthService::responseAction),
        query,
        ok.getQueryParametersToRemoveList());
  }

  private static Outcome denied(DeniedHttpResponse denied) {
    int status = denied.getStatus().getCodeValue();
    return new Outcome.Denied(
        status > 0 ? status : FORBIDDEN,
        denied.getBodyBytes(),
        changes(denied.getHeadersList(), GrpcAuthService::deniedAction));
  }

  private static List<Change> changes(
      List<HeaderValueOption> options, Function<HeaderValueOption, Action> action) {
    List<Change> changes = new ArrayList<>(options.size());
    for (HeaderValueOption option : options) {
      HeaderValue header = option.getHeader();
      String value =
          header.getRawValue().isEmpty()
              ? header.getValue()
              : header.getRawValue().toString(StandardCharsets.ISO_8859_1);
      changes.add(new Change(header.getKey(), value, action.apply(option)));
    }
    return changes;
  }

  /** As in Envoy the request's headers know the flag only; without it they are replaced. */
  @SuppressWarnings("deprecation")
  private static Action requestAction(HeaderValueOption option) {
    return option.getAppend().getValue() ? Action.JOIN : Action.SET;
  }

  /** One name may be told several times. */
  @SuppressWarnings("deprecation")
  private static Action deniedAction(HeaderValueOption option) {
    return option.getAppend().getValue() ? Action.JOIN : Action.ADD;
  }

  // the deprecated flag still comes from services
  @SuppressWarnings("deprecation")
  private static Action responseAction(HeaderValueOption option) {
    if (option.hasAppend()) {
      return option.getAppend().getValue() ? Action.ADD : Action.SET;
    }
    return switch (option.getAppendAction()) {
      case APPEND_IF_EXISTS_OR_ADD -> Action.ADD;
      case ADD_IF_ABSENT -> Action.ADD_IF_ABSENT;
      case OVERWRITE_IF_EXISTS -> Action.SET_IF_PRESENT;
      case OVERWRITE_IF_EXISTS_OR_ADD, UNRECOGNIZED -> Action.SET;
    };
  }
}
