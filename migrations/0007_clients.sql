ALTER TABLE "clusters" ADD COLUMN "moves" integer;--> statement-breakpoint
ALTER TABLE "clusters" ADD COLUMN "clients" jsonb;--> statement-breakpoint
ALTER TABLE "clusters" ADD COLUMN "admitted" jsonb;--> statement-breakpoint
-- Nobody has been let in from elsewhere than a server so far.
UPDATE "clusters" SET "moves" = 0, "clients" = '[]', "admitted" = '[]', "spec" = "spec" || '{"allow": []}';--> statement-breakpoint
ALTER TABLE "clusters" ALTER COLUMN "moves" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "clusters" ALTER COLUMN "clients" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "clusters" ALTER COLUMN "admitted" SET NOT NULL;
