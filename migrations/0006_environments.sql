CREATE TABLE "environments" (
	"name" text PRIMARY KEY NOT NULL,
	"environment" jsonb NOT NULL,
	"kept_by" text NOT NULL,
	"kept_at" bigint NOT NULL
);--> statement-breakpoint
-- Requirements that were stored before are for any version of Python, and no machine had an image of its own.
UPDATE "clusters" SET "spec" = "spec" || jsonb_build_object(
  'machineImage', NULL,
  'environment', CASE
    WHEN "spec" -> 'environment' ->> 'kind' = 'requirements' THEN "spec" -> 'environment' || '{"python": null}'
    ELSE "spec" -> 'environment'
  END
);
