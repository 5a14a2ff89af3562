package io.meltemi.controlplane.gatewayapi;

/**
 * One condition of a status.
 *
 * @param status True or False
 * @param observedGeneration of the object; 0 when it has none
 */
public record Condition(
    String type, boolean status, String reason, String message, long observedGeneration) {}
