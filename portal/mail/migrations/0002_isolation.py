from django.db import migrations

from portal.access.isolation import isolate, let_finder_read, look_up


class Migration(migrations.Migration):
    dependencies = [("mail", "0001_initial")]
    operations = [
        isolate("mail_mail"),
        let_finder_read("mail_mail"),
        # Who sends knows no client: which mails wait, and whose are done with, and no more.
        look_up(
            "mails_due",
            "due timestamptz, most int",
            "table (client_id bigint, id bigint)",
            "select m.client_id, m.id from mail_mail m where m.status = 'waiting' and m.due_at <= due"
            " order by m.due_at, m.id limit most",
        ),
        look_up(
            "clients_with_done_mails",
            "late timestamptz, old timestamptz",
            "setof bigint",
            "select client_id from mail_mail where status <> 'waiting' and finished_at < old"
            " union select client_id from mail_mail where status = 'given up' and text <> '' and until <= late",
        ),
    ]
