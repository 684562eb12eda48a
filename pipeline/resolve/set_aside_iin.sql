-- A contested number no longer says who somebody is; it is kept beside.
UPDATE current_record SET contested_iin = iin, iin = NULL WHERE iin IN (SELECT iin FROM contested_iin);
UPDATE document_key SET iin = NULL WHERE iin IN (SELECT iin FROM contested_iin);
