package io.meltemi.proxy.transport;

import io.meltemi.common.time.Ticker;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The secrets of one transport socket, by their slots.
 *
 * @param validation none or one; over the defaults
 * @param tickets none or one
 */
record SecretSet(
    List<SecretSlot> certificates,
    List<SecretSlot> validation,
    List<SecretSlot> tickets,
    ValidationSettings defaults) {
  SecretSet {
    certificates = List.copyOf(certificates);
    validation = List.copyOf(validation);
    tickets = List.copyOf(tickets);
  }

  /** Those that servers deliver. */
  List<RemoteSecret> remote() {
    List<RemoteSecret> remote = new ArrayList<>(2);
    for (List<SecretSlot> slots : List.of(certificates, validation, tickets)) {
      for (SecretSlot slot : slots) {
        RemoteSecret use = slot.remote();
        if (use != null) {
          remote.add(use);
        }
      }
    }
    return remote;
  }

  /** What is in the slots now, always in one order; null while one is empty. */
  @Nullable List<Secret> current() {
    List<Secret> secrets = new ArrayList<>(certificates.size() + 2);
    for (List<SecretSlot> slots : List.of(certificates, validation, tickets)) {
      for (SecretSlot slot : slots) {
        Secret secret = slot.get();
        if (secret == null) {
          return null;
        }
        secrets.add(secret);
      }
    }
    return secrets;
  }

  /** Whether these are still what is in the slots. */
  boolean areCurrent(List<Secret> secrets) {
    int i = 0;
    for (SecretSlot slot : certificates) {
      if (slot.get() != secrets.get(i++)) {
        return false;
      }
    }
    for (SecretSlot slot : validation) {
      if (slot.get() != secrets.get(i++)) {
        return false;
      }
    }
    for (SecretSlot slot : tickets) {
      if (slot.get() != secrets.get(i++)) {
        return false;
      }
    }
    return true;
  }

  TlsContexts.Inputs inputs(List<Secret> secrets, boolean peerIsClient, Ticker ticker) {
    List<TlsCertificate> keys = new ArrayList<>();
    ValidationSettings checks = defaults;
    List<Secret.TicketKey> ticketKeys = List.of();
    for (Secret secret : secrets) {
      switch (secret) {
        case Secret.KeyPair(TlsCertificate certificate) -> keys.add(certificate);
        case Secret.Validation(ValidationSettings settings) -> checks = defaults.with(settings);
        case Secret.TicketKeys(List<Secret.TicketKey> found) -> ticketKeys = found;
        case Secret.Generic _ -> throw new IllegalStateException("not of a transport socket");
      }
    }
    return new TlsContexts.Inputs(keys, new PeerVerifier(checks, peerIsClient, ticker), ticketKeys);
  }
}
